#pragma once
// Utility commands that matter to the audit.

#include "core/audit_event.h"
#include "pg/backend.h"

namespace phisync::audit {

// If the command moves rows of tagged tables past the executor (COPY of a table, TRUNCATE): adds
// them to event.relations, sets event.source, and returns the command's name. Else null. Throws.
const char* FindTouchedByUtility(Node* command, Event& event);

// Before a command that needs a database for itself (DROP, RENAME, use as template, move): makes
// the database's writer leave. May raise.
void FreeDatabaseFor(Node* command);

}  // namespace phisync::audit
