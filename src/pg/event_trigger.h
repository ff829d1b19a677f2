#pragma once
// Event triggers, the statements that they see, and labels set without a statement.

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

// A subcommand of ALTER TABLE that computes a column anew in all rows, and logs no change of a row.
inline bool GivesNewValues([[maybe_unused]] AlterTableType type) {
#if PG_VERSION_NUM >= 170000
  return type == AT_SetExpression;
#else
  return false;
#endif
}

}  // namespace phisync::pg
