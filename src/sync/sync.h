#pragma once

namespace phisync::sync {

// Called once from _PG_init.
void Init();

}  // namespace phisync::sync
