#pragma once
// Event triggers, the statements that they see, and labels set without a statement.

#include <string>

#include "core/error.h"
#include "pg/catalog.h"
#include "pg/seclabel.h"
#include "pg/spi.h"

extern "C" {
#include <catalog/pg_index.h>
#include <commands/event_trigger.h>
#include <commands/extension.h>
#include <commands/prepare.h>
#include <executor/executor.h>
#include <nodes/nodeFuncs.h>
#include <nodes/parsenodes.h>
#include <optimizer/optimizer.h>
#include <utils/plancache.h>
#include <utils/snapmgr.h>
}

namespace phisync::pg {

// Error 55000 if the function was called by hand.
inline void RequireEventTrigger(FunctionCallInfo fcinfo, const char* function) {
  if (CALLED_AS_EVENT_TRIGGER(fcinfo)) return;
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              std::string(function) + " is not called by an event trigger",
              "It follows the statement that fired the trigger.", "Do not call it.");
}

// Until PopSnapshotBefore, scans with GetActiveSnapshot() see catalogs as the statement that runs
// found them, with all that others have committed since: what the statement itself deleted is
// deleted for later commands only. `alone`: the transaction does nothing but this statement, or the
// last part of it, and may have no snapshot of its beginning.
inline void PushSnapshotBefore(bool alone = false) {
  CommandId const command = alone                 ? FirstCommandId
                            : ActiveSnapshotSet() ? GetActiveSnapshot()->curcid
                                                  : GetCurrentCommandId(false);
  PushCopiedSnapshot(GetLatestSnapshot());
  GetActiveSnapshot()->curcid = command;
}
inline void PopSnapshotBefore() {
  PopActiveSnapshot();
}

// A subcommand of ALTER TABLE that computes a column anew in all rows, and logs no change of a row.
inline bool GivesNewValues([[maybe_unused]] AlterTableType type) {
#if PG_VERSION_NUM >= 170000
  return type == AT_SetExpression;
#else
  return false;
#endif
}

}  // namespace phisync::pg
