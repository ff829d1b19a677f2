#pragma once
// The output plugin.

#include "pg/decoding.h"

namespace phisync::sync {

// Fills in the callbacks. Prepared transactions are decoded when they are committed.
void InitOutputPlugin(OutputPluginCallbacks* callbacks);

}  // namespace phisync::sync
