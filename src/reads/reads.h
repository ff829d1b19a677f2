#pragma once
// Reads that fail closed: statements that read PHI need their role to be granted it.

namespace phisync::reads {

// Called once from _PG_init, after audit::Init: its hook then runs first and knows the statement.
void Init();

// Whether every session of this server is checked, as the library is preloaded.
bool ChecksReads();

}  // namespace phisync::reads
