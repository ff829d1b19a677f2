#pragma once
// Utility commands that matter to the audit.

#include "core/audit_event.h"
#include "pg/backend.h"

namespace phisync::audit {

// If the command moves rows of tagged tables past the executor (COPY of a table, TRUNCATE): adds
// them to event.relations, sets event.source, and returns the command's name. Else null. Throws.
const char* FindTouchedByUtility(Node* command, Event& event);

// The database that a command needs for itself (DROP, RENAME, use as template, move), InvalidOid if
// none: its writer has to leave first. May raise.
Oid DatabaseNeededBy(Node* command);

}  // namespace phisync::audit
