// Traces generated columns, and the columns of a view, to the columns that they read, through the
// stored query: subqueries, joins, set operations, CTEs, sublinks, windows and functions in FROM.
// What it does not know it reports as unknown. Conditions count where their result is a value: in a
// sublink, not in the WHERE of the view itself.

#include <algorithm>
#include <iterator>

#include "tags/catalog_facts.h"

namespace phisync::tags {
namespace {

// A query and those around it.
struct Level {
  Query* query;
  const Level* outer;
};

struct Trace {
  ColumnFacts* column;
  const Level* level;
  bool as_is;
};

void TraceExpression(Node* node, const Level* level, bool as_is, ColumnFacts* column);

bool Visit(Node* node, void* context) {
  const auto* trace = static_cast<const Trace*>(context);
  TraceExpression(node, trace->level, trace->as_is, trace->column);
  return false;
}

void AddRead(const RangeTblEntry* entry, AttrNumber attribute, bool as_is, ColumnFacts* column) {
  ListCell* cell = nullptr;
  foreach (cell, column->reads) {
    auto* read = static_cast<Read*>(lfirst(cell));
    if (read->relation == entry->relid && read->column == attribute) {
      read->as_is = read->as_is || as_is;
      read->heirs = read->heirs || entry->inh;
      return;
    }
  }
  auto* read = static_cast<Read*>(palloc(sizeof(Read)));
  *read = {entry->relid, attribute, as_is, entry->inh};
  column->reads = lappend(column->reads, read);
}

// Built in to run any query, or to give what any table or slot holds.
constexpr Oid kReadingBuiltIns[] = {
    F_QUERY_TO_XML,
    F_QUERY_TO_XML_AND_XMLSCHEMA,
    F_CURSOR_TO_XML,
    F_TABLE_TO_XML,
    F_TABLE_TO_XML_AND_XMLSCHEMA,
    F_SCHEMA_TO_XML,
    F_SCHEMA_TO_XML_AND_XMLSCHEMA,
    F_DATABASE_TO_XML,
    F_DATABASE_TO_XML_AND_XMLSCHEMA,
    F_TS_STAT_TEXT,
    F_TS_STAT_TEXT_TEXT,
    F_TS_REWRITE_TSQUERY_TEXT,
    F_LO_GET_OID,
    F_LO_GET_OID_INT8_INT4,
    F_LOREAD,
    F_PG_LOGICAL_SLOT_GET_CHANGES,
    F_PG_LOGICAL_SLOT_PEEK_CHANGES,
    F_PG_LOGICAL_SLOT_GET_BINARY_CHANGES,
    F_PG_LOGICAL_SLOT_PEEK_BINARY_CHANGES,
};

// What the planner knows of values, and large objects: parts of columns of any table.
bool HoldsSamples(Oid relation) {
  if (relation >= FirstNormalObjectId) return false;
  if (relation == StatisticRelationId || relation == StatisticExtDataRelationId ||
      relation == LargeObjectRelationId) {
    return true;
  }
  for (const char* const view : {"pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"}) {
    if (relation == get_relname_relid(view, PG_CATALOG_NAMESPACE)) return true;
  }
  return false;
}

// Traces output `attribute` of the query; 0: all of them.
void TraceOutput(Query* query, AttrNumber attribute, const Level* outer, bool as_is,
                 ColumnFacts* column);

void TraceSetOperation(Node* node, AttrNumber attribute, const Level* level, bool as_is,
                       ColumnFacts* column) {
  check_stack_depth();
  if (IsA(node, SetOperationStmt)) {
    auto* operation = reinterpret_cast<SetOperationStmt*>(node);
    TraceSetOperation(operation->larg, attribute, level, as_is, column);
    TraceSetOperation(operation->rarg, attribute, level, as_is, column);
    return;
  }
  auto* reference = castNode(RangeTblRef, node);
  RangeTblEntry* entry = rt_fetch(reference->rtindex, level->query->rtable);
  TraceOutput(entry->subquery, attribute, level, as_is, column);
}

void TraceOutput(Query* query, AttrNumber attribute, const Level* outer, bool as_is,
                 ColumnFacts* column) {
  const Level level = {query, outer};
  if (query->setOperations != nullptr) {
    TraceSetOperation(query->setOperations, attribute, &level, as_is, column);
    return;
  }
  bool found = false;
  // A statement that writes, in WITH, gives what stands after RETURNING.
  List* const outputs = query->commandType == CMD_SELECT ? query->targetList : query->returningList;
  ListCell* cell = nullptr;
  foreach (cell, outputs) {
    auto* target = lfirst_node(TargetEntry, cell);
    if (target->resjunk || (attribute != 0 && target->resno != attribute)) continue;
    found = true;
    TraceExpression(reinterpret_cast<Node*>(target->expr), &level, as_is && attribute != 0, column);
  }
  if (!found && attribute != 0) column->reads_unknown = true;
}

void TraceCte(const RangeTblEntry* entry, AttrNumber attribute, const Level* level, bool as_is,
              ColumnFacts* column) {
  // The recursive term's own reference: the entry from outside has taken all columns of all terms.
  if (entry->self_reference) return;
  for (Index up = entry->ctelevelsup; up > 0 && level != nullptr; --up) level = level->outer;
  ListCell* cell = nullptr;
  foreach (cell, level != nullptr ? level->query->cteList : NIL) {
    auto* cte = lfirst_node(CommonTableExpr, cell);
    if (strcmp(cte->ctename, entry->ctename) != 0) continue;
    if (!IsA(cte->ctequery, Query)) break;
    const bool recursive = cte->cterecursive;
    TraceOutput(reinterpret_cast<Query*>(cte->ctequery),
                recursive ? static_cast<AttrNumber>(0) : attribute, level, as_is && !recursive,
                column);
    return;
  }
  column->reads_unknown = true;
}

// Traces column `attribute` of the range table entry; 0: its whole row.
void TraceEntry(RangeTblEntry* entry, AttrNumber attribute, const Level* level, bool as_is,
                ColumnFacts* column) {
  ListCell* cell = nullptr;
  switch (entry->rtekind) {
    case RTE_RELATION:
      // System columns say nothing about a person.
      if (attribute >= 0) AddRead(entry, attribute, as_is && attribute > 0, column);
      if (HoldsSamples(entry->relid)) column->calls_opaque = true;
      return;
    case RTE_SUBQUERY:
      TraceOutput(entry->subquery, attribute, level, as_is, column);
      return;
    case RTE_JOIN: {
      int number = 0;
      foreach (cell, entry->joinaliasvars) {
        ++number;
        if (attribute != 0 && number != attribute) continue;
        TraceExpression(static_cast<Node*>(lfirst(cell)), level, as_is && attribute != 0, column);
      }
      return;
    }
    case RTE_FUNCTION:
      foreach (cell, entry->functions) {
        TraceExpression(lfirst_node(RangeTblFunction, cell)->funcexpr, level, false, column);
      }
      return;
    case RTE_TABLEFUNC:
      TraceExpression(reinterpret_cast<Node*>(entry->tablefunc), level, false, column);
      return;
    case RTE_VALUES:
      TraceExpression(reinterpret_cast<Node*>(entry->values_lists), level, false, column);
      return;
    case RTE_CTE:
      TraceCte(entry, attribute, level, as_is, column);
      return;
#if PG_VERSION_NUM >= 180000
    case RTE_GROUP:
      if (attribute > 0 && attribute <= list_length(entry->groupexprs)) {
        TraceExpression(static_cast<Node*>(list_nth(entry->groupexprs, attribute - 1)), level,
                        as_is, column);
        return;
      }
      break;
#endif
    case RTE_RESULT:
      return;
    default:
      break;
  }
  column->reads_unknown = true;
}

// What decides which rows a subquery gives: its own conditions and those of the subqueries that it
// reads from.
void TraceConditions(Query* query, const Level* outer, ColumnFacts* column) {
  check_stack_depth();
  const Level level = {query, outer};
  TraceExpression(reinterpret_cast<Node*>(query->jointree), &level, false, column);
  TraceExpression(query->havingQual, &level, false, column);
  TraceExpression(query->limitOffset, &level, false, column);
  TraceExpression(query->limitCount, &level, false, column);
  ListCell* cell = nullptr;
  foreach (cell, query->rtable) {
    auto* entry = lfirst_node(RangeTblEntry, cell);
    if (entry->rtekind != RTE_SUBQUERY) continue;
    TraceConditions(entry->subquery, &level, column);
    // Which rows are in both, or in one alone, their values decide.
    if (query->setOperations != nullptr) TraceOutput(entry->subquery, 0, &level, false, column);
  }
}

// The columns by which the rows of a window are divided and ordered.
void TraceWindow(const WindowFunc* function, const Level* level, ColumnFacts* column) {
  ListCell* cell = nullptr;
  foreach (cell, level->query->windowClause) {
    auto* window = lfirst_node(WindowClause, cell);
    if (window->winref != function->winref) continue;
    for (List* clauses : {window->partitionClause, window->orderClause}) {
      ListCell* item = nullptr;
      foreach (item, clauses) {
        auto* expression =
            get_sortgroupclause_expr(lfirst_node(SortGroupClause, item), level->query->targetList);
        TraceExpression(expression, level, false, column);
      }
    }
    TraceExpression(window->startOffset, level, false, column);
    TraceExpression(window->endOffset, level, false, column);
  }
}

void TraceExpression(Node* node, const Level* level, bool as_is, ColumnFacts* column) {
  check_stack_depth();
  if (node == nullptr) return;
  if (IsA(node, Var)) {
    const auto* var = reinterpret_cast<Var*>(node);
    for (Index up = var->varlevelsup; up > 0 && level != nullptr; --up) level = level->outer;
    if (level == nullptr || var->varno < 1 || var->varno > list_length(level->query->rtable)) {
      column->reads_unknown = true;
      return;
    }
    TraceEntry(rt_fetch(var->varno, level->query->rtable), var->varattno, level, as_is, column);
    return;
  }
  if (IsA(node, RelabelType)) {
    TraceExpression(reinterpret_cast<Node*>(reinterpret_cast<RelabelType*>(node)->arg), level,
                    as_is, column);
    return;
  }
  if (IsA(node, SubLink)) {
    const auto* link = reinterpret_cast<SubLink*>(node);
    auto* query = castNode(Query, link->subselect);
    TraceExpression(link->testexpr, level, false, column);
    if (link->subLinkType != EXISTS_SUBLINK) TraceOutput(query, 0, level, false, column);
    TraceConditions(query, level, column);
    return;
  }
  if (IsA(node, WindowFunc)) {
    TraceWindow(reinterpret_cast<const WindowFunc*>(node), level, column);
  }
  if (check_functions_in_node(node, MayReadTables, nullptr)) column->calls_opaque = true;
  Trace trace = {column, level, false};
  pg::WalkExpression(node, Visit, &trace);
}

}  // namespace

namespace {

// Of the extension: they give what the token says.
bool GivesClaims(Oid function) {
  const char* const name = get_func_name(function);
  return name != nullptr && strncmp(name, "auth_", strlen("auth_")) == 0 &&
         get_func_namespace(function) == get_namespace_oid("phisync", true);
}

}  // namespace

bool MayReadTables(Oid function, void*) {
  if (function >= FirstNormalObjectId) {
    return func_volatile(function) != PROVOLATILE_IMMUTABLE && !GivesClaims(function);
  }
  return std::find(std::begin(kReadingBuiltIns), std::end(kReadingBuiltIns), function) !=
         std::end(kReadingBuiltIns);
}

void TraceQuery(Query* query, AttrNumber number, ColumnFacts* column) {
  TraceOutput(query, number, nullptr, true, column);
}

void TraceView(Oid view, Snapshot snapshot, RelationFacts* facts) {
  Relation rewrite = table_open(RewriteRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_rewrite_ev_class, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(view));
  SysScanDesc scan =
      systable_beginscan(rewrite, RewriteRelRulenameIndexId, true, snapshot, 1, &key);
  Query* query = nullptr;
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    // CMD_SELECT, as the catalog spells it; a view has one such rule.
    if (reinterpret_cast<Form_pg_rewrite>(GETSTRUCT(tuple))->ev_type != '1') continue;
    bool null = false;
    const Datum action =
        heap_getattr(tuple, Anum_pg_rewrite_ev_action, RelationGetDescr(rewrite), &null);
    auto* actions = static_cast<List*>(stringToNode(TextDatumGetCString(action)));
    query = linitial_node(Query, actions);
  }
  systable_endscan(scan);
  table_close(rewrite, AccessShareLock);
  for (int i = 0; i < facts->column_count; ++i) {
    ColumnFacts* column = &facts->columns[i];
    if (query == nullptr) {
      column->reads_unknown = true;
    } else {
      TraceQuery(query, static_cast<AttrNumber>(i + 1), column);
    }
  }
}

void TraceGenerated(Oid relation, Snapshot snapshot, RelationFacts* facts) {
  // The expressions read the columns as those of a query's only table.
  auto* const entry = makeNode(RangeTblEntry);
  entry->rtekind = RTE_RELATION;
  entry->relid = relation;
  auto* const query = makeNode(Query);
  query->rtable = list_make1(entry);
  const Level level = {query, nullptr};
  Relation const defaults = table_open(AttrDefaultRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_attrdef_adrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  SysScanDesc const scan =
      systable_beginscan(defaults, AttrDefaultIndexId, true, snapshot, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    const AttrNumber number = reinterpret_cast<Form_pg_attrdef>(GETSTRUCT(tuple))->adnum;
    if (number > facts->column_count || !facts->columns[number - 1].generated) continue;
    bool null = false;
    const Datum source =
        heap_getattr(tuple, Anum_pg_attrdef_adbin, RelationGetDescr(defaults), &null);
    auto* const expression = static_cast<Node*>(stringToNode(TextDatumGetCString(source)));
    TraceExpression(expression, &level, true, &facts->columns[number - 1]);
  }
  systable_endscan(scan);
  table_close(defaults, AccessShareLock);
}

}  // namespace phisync::tags
