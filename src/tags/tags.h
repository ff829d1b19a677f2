#pragma once

namespace phisync::tags {

// Called once from _PG_init.
void Init();

}  // namespace phisync::tags
