#pragma once
// What an event trigger's function is given, and the catalogs that it asks.

#include "pg/catalog.h"
#include "pg/spi.h"

extern "C" {
#include <catalog/pg_index.h>
#include <commands/event_trigger.h>
#include <nodes/parsenodes.h>
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
