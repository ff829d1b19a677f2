#include "sync/sync.h"

namespace phisync::sync {

void Init() {}

}  // namespace phisync::sync
