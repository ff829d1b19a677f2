#pragma once
// The output plugin.

#include "pg/decoding.h"

namespace phisync::sync {

// Fills in the callbacks. Decoding of transactions in progress and of prepared ones is left out:
// records are made at commit, when all that they say is final.
void InitOutputPlugin(OutputPluginCallbacks* callbacks);

}  // namespace phisync::sync
