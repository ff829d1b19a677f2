#pragma once
// Columns that the server computes when it writes a row.

#include "pg/backend.h"

extern "C" {
#include <optimizer/optimizer.h>
#include <rewrite/rewriteHandler.h>
}

namespace phisync::pg {

// What a stored generated column is computed from, ready for ExecInitExpr.
inline Expr* GenerationExpression(Relation relation, AttrNumber attnum) {
  Node* const expression = build_column_default(relation, attnum);
  if (expression == nullptr) elog(ERROR, "a generated column has no expression");
  return expression_planner(reinterpret_cast<Expr*>(expression));
}

}  // namespace phisync::pg
