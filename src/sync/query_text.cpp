#include "sync/query_text.h"

#include <cstring>

namespace phisync::sync {
namespace {

constexpr const char* kOneRow =
    "A data query is evaluated on one row at a time while changes are decoded; it sees no other "
    "row and "
    "no other table.";

[[noreturn]] void RefuseFeature(ParseState* pstate, int location, const char* message,
                                const char* hint) {
  Refuse(pstate, location, ERRCODE_FEATURE_NOT_SUPPORTED, message, kOneRow, hint);
}

SelectStmt* ReadStatement(ParseState* pstate) {
  List* const statements = raw_parser(pstate->p_sourcetext, RAW_PARSE_DEFAULT);
  if (list_length(statements) != 1) {
    int const where =
        list_length(statements) > 1 ? lsecond_node(RawStmt, statements)->stmt_location : -1;
    Refuse(pstate, where, ERRCODE_SYNTAX_ERROR, "a data query must be exactly one statement",
           "The text holds none or several.",
           "Give each data query as an element of its own: ARRAY[...].");
  }
  Node* const statement = linitial_node(RawStmt, statements)->stmt;
  if (!IsA(statement, SelectStmt)) {
    Refuse(pstate, -1, ERRCODE_FEATURE_NOT_SUPPORTED, "a data query must be a SELECT",
           "It says which rows of one table are in the bucket.",
           "Write SELECT columns FROM table WHERE column = bucket.parameter.");
  }
  return castNode(SelectStmt, statement);
}

void RefuseClauses(ParseState* pstate, const SelectStmt* select) {
  auto refuse = [pstate](const void* clause, const char* message, const char* hint) {
    if (clause == nullptr) return;
    RefuseFeature(pstate, exprLocation(static_cast<const Node*>(clause)), message, hint);
  };
  if (select->withClause != nullptr) {
    RefuseFeature(pstate, select->withClause->location, "a data query cannot have a WITH clause",
                  "Select from the table itself.");
  }
  if (select->op != SETOP_NONE) {
    RefuseFeature(pstate, -1, "a data query cannot combine queries by UNION, INTERSECT or EXCEPT",
                  "Give each SELECT as a data query of its own: ARRAY[...].");
  }
  if (select->valuesLists != NIL) {
    RefuseFeature(pstate, -1, "a data query cannot be VALUES", "Select from a table.");
  }
  refuse(select->distinctClause, "a data query cannot have DISTINCT", "Leave DISTINCT out.");
  refuse(select->intoClause, "a data query cannot have INTO", "Leave INTO out.");
  refuse(select->groupClause, "a data query cannot have GROUP BY", "Leave GROUP BY out.");
  refuse(select->havingClause, "a data query cannot have HAVING",
         "Leave HAVING out; conditions on a row belong in WHERE.");
  refuse(select->windowClause, "a data query cannot have a WINDOW clause", "Leave WINDOW out.");
  refuse(select->sortClause, "a data query cannot have ORDER BY", "Leave ORDER BY out.");
  refuse(select->limitCount, "a data query cannot have LIMIT",
         "Leave LIMIT out; restrict the rows by a condition on a column.");
  refuse(select->limitOffset, "a data query cannot have OFFSET",
         "Leave OFFSET out; restrict the rows by a condition on a column.");
  if (select->lockingClause != NIL) {
    RefuseFeature(pstate, -1, "a data query cannot lock rows",
                  "Leave FOR UPDATE or FOR SHARE out.");
  }
}

RangeVar* TheTable(ParseState* pstate, const SelectStmt* select) {
  if (select->fromClause == NIL) {
    RefuseFeature(pstate, -1, "a data query must select from a table",
                  "Add FROM with the table's name.");
  }
  Node* const first = static_cast<Node*>(linitial(select->fromClause));
  int const location = exprLocation(first);
  if (list_length(select->fromClause) > 1 || IsA(first, JoinExpr)) {
    RefuseFeature(pstate, location, "a data query cannot join tables",
                  "Copy the column that decides the bucket into the table, and give each table a "
                  "data query.");
  }
  if (!IsA(first, RangeVar)) {
    RefuseFeature(pstate, location, "a data query can only select from a table",
                  "Name one table in FROM, without subquery, function or TABLESAMPLE.");
  }
  RangeVar* const table = castNode(RangeVar, first);
  if (table->alias != nullptr && table->alias->colnames != NIL) {
    RefuseFeature(pstate, location, "a data query cannot rename columns in FROM",
                  "Rename a column where it is selected: column AS name.");
  }
  return table;
}

// bucket.x in the raw tree
const char* BucketParameter(Node* node) {
  if (!IsA(node, ColumnRef)) return nullptr;
  List* const fields = castNode(ColumnRef, node)->fields;
  if (list_length(fields) != 2 || !IsA(lsecond(fields), String)) return nullptr;
  return std::strcmp(strVal(linitial(fields)), kBucketAlias) == 0 ? strVal(lsecond(fields))
                                                                  : nullptr;
}

bool AreColumns(List* nodes) {
  ListCell* cell;
  foreach (cell, nodes) {
    if (!IsColumn(static_cast<Node*>(lfirst(cell)))) return false;
  }
  return nodes != NIL;
}

Binding* MakeBinding(Node* parameter, List* columns, bool elements) {
  if (parameter == nullptr || BucketParameter(parameter) == nullptr || !AreColumns(columns)) {
    return nullptr;
  }
  auto* const binding = static_cast<Binding*>(palloc(sizeof(Binding)));
  *binding = {BucketParameter(parameter), columns, elements, exprLocation(parameter)};
  return binding;
}

List* ArrayElements(Node* node) {
  return node != nullptr && IsA(node, A_ArrayExpr) ? castNode(A_ArrayExpr, node)->elements : NIL;
}

// `container @> ARRAY[element]`
Binding* AsContainment(Node* container, Node* array) {
  List* const elements = ArrayElements(array);
  if (list_length(elements) != 1) return nullptr;
  return MakeBinding(static_cast<Node*>(linitial(elements)), list_make1(container), true);
}

Binding* AsBinding(Node* condition) {
  if (!IsA(condition, A_Expr)) return nullptr;
  const A_Expr* const e = castNode(A_Expr, condition);
  if (list_length(e->name) != 1 || e->lexpr == nullptr || e->rexpr == nullptr) return nullptr;
  const char* const op = strVal(linitial(e->name));
  bool const equals = std::strcmp(op, "=") == 0;
  switch (e->kind) {
    case AEXPR_OP:
      if (std::strcmp(op, "@>") == 0) return AsContainment(e->lexpr, e->rexpr);
      if (std::strcmp(op, "<@") == 0) return AsContainment(e->rexpr, e->lexpr);
      if (!equals) return nullptr;
      if (Binding* const binding = MakeBinding(e->lexpr, list_make1(e->rexpr), false)) {
        return binding;
      }
      return MakeBinding(e->rexpr, list_make1(e->lexpr), false);
    case AEXPR_IN: {  // of NOT IN, the operator is <>
      if (!equals) return nullptr;
      auto* const list = reinterpret_cast<List*>(e->rexpr);
      if (Binding* const binding = MakeBinding(e->lexpr, list, false)) return binding;
      if (list_length(list) != 1) return nullptr;
      return MakeBinding(static_cast<Node*>(linitial(list)), list_make1(e->lexpr), false);
    }
    case AEXPR_OP_ANY:
      if (!equals) return nullptr;
      if (Binding* const binding = MakeBinding(e->lexpr, ArrayElements(e->rexpr), false)) {
        return binding;
      }
      return MakeBinding(e->lexpr, list_make1(e->rexpr), true);
    default:
      return nullptr;
  }
}

// Splits conditions that AND joins, nested ones too.
void SplitConditions(Node* condition, QueryText* query, List** filter) {
  if (IsA(condition, BoolExpr) && castNode(BoolExpr, condition)->boolop == AND_EXPR) {
    ListCell* cell;
    foreach (cell, castNode(BoolExpr, condition)->args) {
      SplitConditions(static_cast<Node*>(lfirst(cell)), query, filter);
    }
  } else if (Binding* const binding = AsBinding(condition)) {
    query->bindings = lappend(query->bindings, binding);
  } else {
    *filter = lappend(*filter, condition);
  }
}

bool AddColumnName(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsColumn(node)) {
    auto* const names = static_cast<List**>(context);
    if (!list_member(*names, llast(castNode(ColumnRef, node)->fields))) {
      *names = lappend(*names, llast(castNode(ColumnRef, node)->fields));
    }
    return false;
  }
  return pg::WalkRawTree(node, AddColumnName, context);
}

// Refuses, before parse analysis could look up other tables, what no expression here may hold.
bool RefuseInRawTree(Node* node, void* context) {
  if (node == nullptr) return false;
  auto* const pstate = static_cast<ParseState*>(context);
  int const location = exprLocation(node);
  if (IsA(node, SubLink)) {
    RefuseFeature(pstate, location, "a data query cannot have a subquery",
                  "Copy what decides about the row into a column of its table.");
  }
  if (IsA(node, FuncCall) && castNode(FuncCall, node)->over != nullptr) {
    RefuseFeature(pstate, location, "a data query cannot have a window function",
                  "Use columns of the row alone.");
  }
  if (IsA(node, ColumnRef) && list_length(castNode(ColumnRef, node)->fields) > 2) {
    Refuse(pstate, location, ERRCODE_FEATURE_NOT_SUPPORTED,
           "a data query cannot qualify a column with a schema",
           "The table is remembered itself, not by its name.",
           "Qualify with the table's name or alias.");
  }
  if (const char* const parameter = BucketParameter(node)) {
    Refuse(pstate, location, ERRCODE_FEATURE_NOT_SUPPORTED,
           psprintf("bucket.%s can only be compared with columns by =, IN or = ANY", parameter),
           "Which buckets a row is in must follow from the values of its columns.",
           "Write it in WHERE as a condition of its own, joined to others by AND: column = "
           "bucket.parameter, bucket.parameter IN (column, column) or bucket.parameter = ANY "
           "(array_column).");
  }
  return pg::WalkRawTree(node, RefuseInRawTree, context);
}

}  // namespace

bool IsColumn(Node* node) {
  return IsA(node, ColumnRef) && IsA(llast(castNode(ColumnRef, node)->fields), String) &&
         BucketParameter(node) == nullptr;
}

bool IsStar(const ResTarget* target) {
  return IsA(target->val, ColumnRef) &&
         IsA(llast(castNode(ColumnRef, target->val)->fields), A_Star);
}

void Refuse(ParseState* pstate, int location, int sqlerrcode, const char* message,
            const char* detail, const char* hint) {
  ereport(ERROR,
          (errcode(sqlerrcode), errmsg_internal("%s", message), errdetail_internal("%s", detail),
           errhint("%s", hint), parser_errposition(pstate, location)));
  pg_unreachable();
}

QueryText* ReadQueryText(ParseState* pstate) {
  SelectStmt* const select = ReadStatement(pstate);
  RefuseClauses(pstate, select);
  auto* const query = static_cast<QueryText*>(palloc0(sizeof(QueryText)));
  query->from = TheTable(pstate, select);
  query->name =
      query->from->alias != nullptr ? query->from->alias->aliasname : query->from->relname;
  if (std::strcmp(query->name, kBucketAlias) == 0) {
    Refuse(pstate, query->from->location, ERRCODE_DUPLICATE_ALIAS,
           "the table of a data query cannot be called \"bucket\" in it",
           "That name stands for the bucket's parameters.",
           "Give the table an alias: FROM bucket AS name.");
  }
  query->targets = select->targetList;
  query->where = select->whereClause;
  List* filter = NIL;
  if (select->whereClause != nullptr) SplitConditions(select->whereClause, query, &filter);
  if (filter != NIL) {
    query->filter = list_length(filter) == 1
                        ? static_cast<Node*>(linitial(filter))
                        : reinterpret_cast<Node*>(makeBoolExpr(AND_EXPR, filter, -1));
  }
  RefuseInRawTree(reinterpret_cast<Node*>(query->targets), pstate);
  RefuseInRawTree(query->filter, pstate);
  AddColumnName(reinterpret_cast<Node*>(select->targetList), &query->columns);
  AddColumnName(query->where, &query->columns);
  ListCell* cell;
  foreach (cell, query->targets) query->all_columns |= IsStar(lfirst_node(ResTarget, cell));
  return query;
}

}  // namespace phisync::sync
