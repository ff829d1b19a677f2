#include "retention/retention.h"

namespace phisync::retention {

void Init() {}

}  // namespace phisync::retention
