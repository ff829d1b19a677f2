#pragma once
// The server's headers for utility commands.

#include "pg/backend.h"

extern "C" {
#include <catalog/index.h>
#include <catalog/namespace.h>
#include <catalog/pg_depend.h>
#include <catalog/pg_partitioned_table.h>
#include <commands/dbcommands.h>
#include <commands/defrem.h>
#include <nodes/parsenodes.h>
#include <parser/parse_func.h>
#include <parser/parse_type.h>
}

namespace phisync::pg {

// Whether the command gives a generated column another expression.
inline bool SetsExpression([[maybe_unused]] const AlterTableCmd* command) {
#if PG_VERSION_NUM >= 170000
  return command->subtype == AT_SetExpression;
#else
  return false;
#endif
}

}  // namespace phisync::pg
