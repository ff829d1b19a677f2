#pragma once
// Which tagged columns a statement touches.

#include "core/audit_event.h"
#include "pg/compat.h"
#include "pg/executor.h"

namespace phisync::audit {

// Adds the relations of the plan that have tagged columns which the statement reads, writes or
// deletes to event.relations, each once, and sets event.source. The relations that a view reads are
// in the plan beside it. False if there are none. Throws.
bool FindTouched(const PlannedStmt* statement, Event& event);

// The same for a command that moves whole rows of one relation; `columns` are the names of the
// columns, NIL for all.
bool FindTouchedWhole(Oid relation, List* columns, Event& event);

}  // namespace phisync::audit
