#include "tags/tags.h"

namespace phisync::tags {

void Init() {}

}  // namespace phisync::tags
