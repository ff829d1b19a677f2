#pragma once

namespace phisync::audit {

// Installs the executor and utility hooks; at preload.
void InitStatements();

}  // namespace phisync::audit
