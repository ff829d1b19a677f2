#pragma once

#include <vector>

#include "core/audit_event.h"
#include "pg/backend.h"

namespace phisync::audit {

// Installs the executor and utility hooks; at preload.
void InitStatements();

// Has `check` look at every utility command before it runs. It may throw.
using CommandCheck = void (*)(Node* command);
void AddCommandCheck(CommandCheck check);

// Hands over an event of the statement or command that is being checked: what it reads without a
// grant, and what became of it. Nothing where there is no trail to write. Throws, PHA01 if it
// cannot be recorded.
void RecordVerdict(Outcome outcome, std::vector<TouchedRelation> relations);

}  // namespace phisync::audit
