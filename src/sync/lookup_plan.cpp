#include "sync/lookup_plan.h"

#include <algorithm>
#include <cstring>

#include "pg/expression.h"
#include "pg/subtransaction.h"
#include "sync/defined.h"
#include "sync/sensitivity.h"
#include "sync/stored_parameters.h"

namespace phisync::sync {
namespace {

constexpr pg::ExpressionUse kUse = {"a lookup", "It is computed from the row alone.",
                                    "Use immutable built-in functions and operators."};

// The request that a node stands for.
struct Request {
  bool found;
  const char* parameter;  // null: the user's id
};

Request AsRequest(const Node* node) {
  if (!IsA(node, FuncExpr)) return {};
  const auto* const call = castNode(FuncExpr, const_cast<Node*>(node));
  if (get_func_namespace(call->funcid) != get_namespace_oid("phisync", true)) return {};
  const char* const name = get_func_name(call->funcid);
  if (std::strcmp(name, "auth_user_id") == 0) return {true, nullptr};
  if (std::strcmp(name, "auth_parameter") != 0) return {};
  auto* const argument = static_cast<Node*>(linitial(call->args));
  if (!IsA(argument, Const) || castNode(Const, argument)->constisnull) return {};
  return {true, TextDatumGetCString(castNode(Const, argument)->constvalue)};
}

// The column behind casts that change no byte, or null.
const Var* AsColumn(const Node* node) {
  while (IsA(node, RelabelType)) {
    node = reinterpret_cast<const Node*>(castNode(RelabelType, const_cast<Node*>(node))->arg);
  }
  return IsA(node, Var) ? castNode(Var, const_cast<Node*>(node)) : nullptr;
}

// `column = auth...` of texts, in either order, equal if and only if their bytes are.
LookupKey* AsKey(Node* condition) {
  if (!IsA(condition, OpExpr)) return nullptr;
  auto* const op = castNode(OpExpr, condition);
  set_opfuncid(op);
  if (op->opfuncid != F_TEXTEQ || !get_collation_isdeterministic(op->inputcollid)) return nullptr;
  auto* left = static_cast<Node*>(linitial(op->args));
  auto* right = static_cast<Node*>(lsecond(op->args));
  if (AsRequest(left).found) std::swap(left, right);
  const Request request = AsRequest(right);
  const Var* const column = AsColumn(left);
  if (!request.found || column == nullptr || column->varattno <= 0) return nullptr;
  auto* const key = static_cast<LookupKey*>(palloc(sizeof(LookupKey)));
  *key = {request.parameter, column->varattno};
  return key;
}

bool SameRequest(const LookupKey* a, const LookupKey* b) {
  if (a->parameter == nullptr || b->parameter == nullptr) return a->parameter == b->parameter;
  return std::strcmp(a->parameter, b->parameter) == 0;
}

struct Attributes {
  Oid from;
  Oid to;
};

// Columns of a partitioned table are those of the same name in a partition.
bool Renumber(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) {
    const auto* const map = static_cast<Attributes*>(context);
    auto* const var = castNode(Var, node);
    if (var->varattno > 0) {
      var->varattno = get_attnum(map->to, get_attname(map->from, var->varattno, false));
    }
    return false;
  }
  return pg::WalkExpression(node, Renumber, context);
}

struct Compiling {
  Relation relation;
  Oid function;
  LookupPlan* plan;
};

bool IsRowByRow(const Query* query) {
  return query->cteList == NIL && query->setOperations == nullptr && query->groupClause == NIL &&
         query->groupingSets == NIL && query->havingQual == nullptr && !query->hasAggs &&
         !query->hasWindowFuncs && !query->hasTargetSRFs && !query->hasSubLinks &&
         !query->hasDistinctOn && query->limitCount == nullptr && query->limitOffset == nullptr &&
         list_length(query->rtable) == 1 && list_length(query->jointree->fromlist) == 1 &&
         linitial_node(RangeTblEntry, query->rtable)->rtekind == RTE_RELATION &&
         linitial_node(RangeTblEntry, query->rtable)->tablesample == nullptr &&
         IsA(linitial(query->jointree->fromlist), RangeTblRef);
}

// Row-level security hides rows from the definer, by rules of its own. The leaf's does not apply,
// that of the table named in the query does.
bool IsSecured(Oid relation) {
  HeapTuple const row = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(row)) return true;
  bool const secured = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relrowsecurity;
  ReleaseSysCache(row);
  return secured;
}

Node* Checked(Node* expression, Attributes* map) {
  CheckExpression(make_parsestate(nullptr), expression, kUse);
  if (map->from != map->to) Renumber(expression, map);
  return reinterpret_cast<Node*>(expression_planner(reinterpret_cast<Expr*>(expression)));
}

// Raises errors that are survived where the query is not exact.
void CompileExact(void* arg) {
  auto* const c = static_cast<Compiling*>(arg);
  Query* const query = ReadParameters(c->function);
  if (query == nullptr || !IsRowByRow(query)) return;
  const auto* const rte = linitial_node(RangeTblEntry, query->rtable);
  Attributes map = {rte->relid, RelationGetRelid(c->relation)};
  if (IsSecured(rte->relid) || (!rte->inh && map.from != map.to)) return;
  List* keys = NIL;
  List* filter = NIL;
  Bitmapset* reads = nullptr;
  ListCell* cell;
  foreach (cell, make_ands_implicit(reinterpret_cast<Expr*>(query->jointree->quals))) {
    auto* const condition = static_cast<Node*>(lfirst(cell));
    LookupKey* const key = AsKey(condition);
    if (key == nullptr) {
      filter = lappend(filter, Checked(condition, &map));
      reads = bms_union(reads, pg::ColumnsRead(condition));
      continue;
    }
    if (map.from != map.to) {
      key->attnum = get_attnum(map.to, get_attname(map.from, key->attnum, false));
    }
    ListCell* other;
    foreach (other, keys) {
      if (SameRequest(static_cast<LookupKey*>(lfirst(other)), key)) return;
    }
    keys = lappend(keys, key);
    reads = bms_add_member(reads, key->attnum);
  }
  if (keys == NIL) return;
  List* values = NIL;
  foreach (cell, query->targetList) {
    const auto* const entry = lfirst_node(TargetEntry, cell);
    if (entry->resjunk) continue;
    auto* const expression = reinterpret_cast<Node*>(entry->expr);
    Oid const type = getBaseType(exprType(expression));
    Node* const planned = Checked(expression, &map);
    const Var* const column = AsColumn(planned);
    auto* const value = static_cast<LookupValue*>(palloc(sizeof(LookupValue)));
    *value = {column != nullptr ? column->varattno : AttrNumber{0},
              column != nullptr ? nullptr : planned, type};
    values = lappend(values, value);
    reads = bms_union(reads, pg::ColumnsRead(planned));
  }
  c->plan->keys = keys;
  c->plan->values = values;
  c->plan->filter = filter;
  c->plan->reads = reads;
  c->plan->exact = true;
}

// Keys and values are in the record; that the filter holds may be known of every bucket.
bool Reads(const LookupPlan& plan, Bitmapset* phi) {
  return pg::Call([&] {
    ListCell* cell;
    foreach (cell, plan.keys) {
      if (bms_is_member(static_cast<LookupKey*>(lfirst(cell))->attnum, phi)) return true;
    }
    foreach (cell, plan.values) {
      const auto* const value = static_cast<LookupValue*>(lfirst(cell));
      if (value->expr == nullptr ? bms_is_member(value->attnum, phi)
                                 : bms_overlap(pg::ColumnsRead(value->expr), phi)) {
        return true;
      }
    }
    return false;
  });
}

// Whether the profile would not let the plan's records out as they are, row by row.
bool Withholds(const char* name, Oid relation, const LookupPlan& plan) {
  try {
    const profiles::Profile profile = profiles::Require(name);
    if (profiles::HidesRows(profile, relation)) return true;
    const ColumnFates fates = FatesOf(profiles::TreatmentsOf(profile, relation));
    return fates.row_codes != nullptr || Reads(plan, Withheld(fates));
  } catch (const Error&) {
    // Nobody can make sense of the profile, or of the tags.
    return true;
  }
}

// OIDs of the functions of all parameters queries that read the relation or an ancestor of it.
List* Readers(Oid relation) {
  List* functions = ParametersReading(relation);
  List* pending = list_make1_oid(relation);
  ScanKeyData key;
  Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
  while (pending != NIL) {
    Oid const child = linitial_oid(pending);
    pending = list_delete_first(pending);
    ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(child));
    SysScanDesc const scan =
        systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
    while (HeapTuple const row = systable_getnext(scan)) {
      Oid const parent = reinterpret_cast<Form_pg_inherits>(GETSTRUCT(row))->inhparent;
      functions = list_concat_unique_oid(functions, ParametersReading(parent));
      pending = lappend_oid(pending, parent);
    }
    systable_endscan(scan);
  }
  table_close(inherits, AccessShareLock);
  return functions;
}

}  // namespace

std::vector<LookupPlan> CompileLookups(Relation relation, const std::vector<std::string>* buckets) {
  std::vector<LookupPlan> plans;
  Oid const oid = RelationGetRelid(relation);
  if (oid < FirstNormalObjectId) return plans;
  const List* const functions = pg::Call([&] { return const_cast<const List*>(Readers(oid)); });
  ListCell* cell;
  foreach (cell, functions) {
    Oid const function = lfirst_oid(cell);
    const char* const name =
        pg::Call([&] { return static_cast<const char*>(get_func_name(function)); });
    if (buckets != nullptr && std::ranges::find(*buckets, name) == buckets->end()) continue;
    const DefinedBucket* const bucket = pg::Call([&] { return FindBucket(name); });
    if (bucket == nullptr) continue;
    LookupPlan& plan = plans.emplace_back();
    plan.bucket = name;
    Compiling compiling = {relation, function, &plan};
    pg::SurviveInputError(CompileExact, &compiling);
    if (plan.exact && Withholds(bucket->profile, oid, plan)) {
      plan = LookupPlan{.bucket = plan.bucket};
    }
  }
  std::ranges::sort(plans, {}, &LookupPlan::bucket);
  return plans;
}

}  // namespace phisync::sync
