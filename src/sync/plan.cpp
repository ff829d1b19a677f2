#include "sync/plan.h"

#include <algorithm>

#include "pg/boundary.h"
#include "pg/subtransaction.h"
#include "sync/defined.h"
#include "sync/sensitivity.h"

namespace phisync::sync {
namespace {

// The queries on the relation and on the partitioned tables above it.
List* ReadQueries(Relation relation) {
  List* queries = QueriesOn(RelationGetRelid(relation));
  if (relation->rd_rel->relispartition) {
    List* const ancestors = get_partition_ancestors(RelationGetRelid(relation));
    ListCell* cell;
    foreach (cell, ancestors) queries = list_concat(queries, QueriesOn(lfirst_oid(cell)));
  }
  return queries;
}

struct CompileRequest {
  Relation relation;
  const DefinedQuery* definition;
  Bitmapset* primary_key;
  CompiledQuery* result;
};

void CompileRequested(void* arg) {
  auto* const r = static_cast<CompileRequest*>(arg);
  const DefinedQuery* const definition = r->definition;
  Relation const defined_on = RelationIdGetRelation(definition->relation);
  if (!RelationIsValid(defined_on)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", definition->relation)));
  }
  r->result = CompileQuery(r->relation, defined_on, definition->text,
                           definition->of->parameter_names, r->primary_key);
  RelationClose(defined_on);
}

Output ToOutput(const CompiledOutput* from) {
  return {.key = from->key, .attnum = from->attnum, .expr = from->expr, .type = from->type};
}

Parameter ToParameter(const CompiledParameter* from) {
  Parameter parameter{.name = from->name, .sources = {}};
  ListCell* cell;
  foreach (cell, from->sources) {
    const auto* const source = static_cast<CompiledSource*>(lfirst(cell));
    parameter.sources.push_back(
        {.attnum = source->attnum, .elements = source->elements, .type = source->type});
  }
  return parameter;
}

QueryPlan MakePlan(Relation relation, const DefinedQuery* definition, Bitmapset* primary_key,
                   Bitmapset* phi) {
  QueryPlan plan;
  plan.bucket = definition->of->name;
  plan.ordinal = definition->ordinal;
  plan.relation = definition->relation;
  // A profile that only a newer library knows grants nothing here.
  const Profile* const profile = FindProfile(definition->of->profile);
  if (profile == nullptr) {
    plan.refused_sqlstate = sqlstate::kUndefinedObject;
    return plan;
  }
  CompileRequest request{relation, definition, primary_key, nullptr};
  plan.refused_sqlstate = pg::SurviveInputError(CompileRequested, &request);
  if (plan.refused_sqlstate != nullptr) return plan;
  const CompiledQuery* const query = request.result;
  plan.type = query->type;
  if (FindExposure(*profile, phi, query, primary_key).part != Exposure::Part::kNone) {
    plan.refused_sqlstate = sqlstate::kInsufficientPrivilege;
    return plan;
  }
  ListCell* cell;
  foreach (cell, query->outputs) {
    const auto* const output = static_cast<CompiledOutput*>(lfirst(cell));
    if (IsWithheld(*profile, phi, output)) {
      plan.withholds = true;
      plan.withheld.push_back(ToOutput(output));
    } else {
      plan.outputs.push_back(ToOutput(output));
    }
  }
  plan.id = ToOutput(query->id);
  foreach (cell, query->parameters) {
    plan.parameters.push_back(ToParameter(static_cast<CompiledParameter*>(lfirst(cell))));
  }
  plan.filter = query->filter;
  return plan;
}

}  // namespace

RelationPlan CompileRelation(Relation relation, const std::vector<std::string>* buckets) {
  RelationPlan plan;
  plan.relation = RelationGetRelid(relation);
  List* const definitions = pg::Call([&] { return ReadQueries(relation); });
  if (definitions == NIL) return plan;
  List* const key = pg::Call([&] { return PrimaryKey(relation); });
  Bitmapset* const key_set = pg::Call([&] { return AsSet(key); });
  Bitmapset* const phi = PhiColumns(plan.relation);
  ListCell* cell;
  foreach (cell, key) plan.primary_key.push_back(static_cast<AttrNumber>(lfirst_int(cell)));
  foreach (cell, definitions) {
    const auto* const definition = static_cast<DefinedQuery*>(lfirst(cell));
    if (buckets != nullptr &&
        std::find(buckets->begin(), buckets->end(), definition->of->name) == buckets->end()) {
      continue;
    }
    plan.queries.push_back(MakePlan(relation, definition, key_set, phi));
  }
  std::sort(plan.queries.begin(), plan.queries.end(), [](const QueryPlan& a, const QueryPlan& b) {
    return a.bucket != b.bucket ? a.bucket < b.bucket : a.ordinal < b.ordinal;
  });
  return plan;
}

}  // namespace phisync::sync
