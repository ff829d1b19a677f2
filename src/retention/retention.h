#pragma once

namespace phisync::retention {

// Called once from _PG_init.
void Init();

}  // namespace phisync::retention
