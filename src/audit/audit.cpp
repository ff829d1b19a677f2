#include "audit/audit.h"

namespace phisync::audit {

void Init() {}

}  // namespace phisync::audit
