#pragma once

namespace phisync::audit {

// Called once from _PG_init.
void Init();

}  // namespace phisync::audit
