#pragma once

namespace phisync::sync {

// Called once from Init.
void InitSurrogatesOnWrite();

}  // namespace phisync::sync
