#pragma once
// SQL expressions over the columns of one table, read by the server's own parser.

#include "pg/parser.h"

namespace phisync::pg {

// Sets what parsing and parse analysis read from the session to fixed values, so that a text means
// the same in every session. The caller opens a GUC nest level first and closes it after.
void PinParserSettings();

// Words of the refusals.
struct ExpressionUse {
  const char*
      what;  // what the expression is, as in: a data query; anchor of retention policy "visits"
  const char* why;     // a full sentence: why its value may depend on the row alone
  const char* remedy;  // a full sentence: what to do about a function that is refused
};

// Refuses with 0A000, the position, detail and hint whatever is not made of columns, constants and
// immutable built-in functions, operators, types and collations: the expression must give the same
// value for the same row in every session, at any time, and read no other table. `expression` is
// analysed, not yet planned. The caller's frame may own nothing.
void CheckExpression(ParseState* pstate, Node* expression, const ExpressionUse& use);

// The relation's columns that the expression reads, by attribute number.
Bitmapset* ColumnsRead(Node* expression);

// Evaluating `expression` (null: nothing) may run code other than the server's own in C: functions
// of users, or written in SQL. Such code may hold what only the end of a (sub)transaction gives
// back when it raises an error.
bool RunsForeignCode(Node* expression);
// The same of printing a value of `type`.
bool PrintsByForeignCode(Oid type);

struct RowExpression {
  Expr* expr;  // ready for ExecInitExpr; columns are Vars of varno 1
  Oid type;    // base type of the result, domains resolved
};

// Parses and checks one expression over `relation`'s columns; the relation is locked. Names resolve
// in pg_catalog, literals are read in UTC with ISO dates, so the same text means the same in every
// session. Besides the above, all that is no single expression, unknown columns and generated
// columns are refused; positions in errors are those in `text`. The caller's frame may own nothing,
// or calls inside Call. Memory: CurrentMemoryContext.
RowExpression ParseRowExpression(Relation relation, const char* text, const ExpressionUse& use);

}  // namespace phisync::pg
