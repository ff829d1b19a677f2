#pragma once

namespace phisync::audit {

// Whether this process writes the trail; its own statements are not recorded.
bool IsWriter();

// Registers the launcher of the writers; at preload.
void InitLauncher();

}  // namespace phisync::audit
