#pragma once
// The settings phisync.read_enforcement and phisync.superuser_reads.

namespace phisync::reads {

enum class Enforcement { kOff, kAudit, kDeny };

Enforcement CurrentEnforcement();
bool SuperuserReads();

void DefineSettings();

}  // namespace phisync::reads
