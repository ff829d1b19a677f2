#pragma once

namespace phisync::retention {

// Called once from _PG_init.
void Init();

// The setting phisync.bypass_governance: the reason for which retained rows may go; empty: they may
// not.
const char* BypassReason();

}  // namespace phisync::retention
