// phisync.compiled_queries: what the plugin makes of a table's definitions, for people to see.

#include "core/json.h"
#include "pg/boundary.h"
#include "sync/plan.h"

namespace phisync::sync {
namespace {

Datum TextArray(const std::vector<Output>& outputs) {
  const std::size_t n = outputs.size();
  return pg::Call([&] {
    auto* const keys = static_cast<Datum*>(palloc(sizeof(Datum) * (n + 1)));
    for (std::size_t i = 0; i < n; i++) keys[i] = CStringGetTextDatum(outputs[i].key.c_str());
    return PointerGetDatum(
        construct_array(keys, static_cast<int>(n), TEXTOID, -1, false, TYPALIGN_INT));
  });
}

// {"output": "transformation"} of those that do not go out as they are.
Datum Transformed(const std::vector<Output>& outputs) {
  ByteBuffer json;
  for (const Output& output : outputs) {
    if (!output.masking) continue;
    json.Append(json.empty() ? '{' : ',');
    AppendJsonKey(json, output.key);
    AppendJsonString(json, Format(output.masking->transform));
  }
  json.Append(json.empty() ? std::string_view("{}") : std::string_view("}"));
  json.Append('\0');
  return pg::Call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data())); });
}

void PutRow(ReturnSetInfo* result, const QueryPlan& query) {
  const bool refused = query.refused_sqlstate != nullptr;
  const Datum outputs = TextArray(query.outputs);
  const Datum transformed = Transformed(query.outputs);
  pg::Call([&] {
    const Datum values[] = {CStringGetTextDatum(query.bucket.c_str()),
                            Int32GetDatum(query.ordinal),
                            CStringGetTextDatum(query.type.c_str()),
                            outputs,
                            BoolGetDatum(!query.withheld.empty()),
                            transformed,
                            refused ? CStringGetTextDatum(query.refused_sqlstate) : Datum{0}};
    const bool nulls[] = {false, false, query.type.empty(), refused, refused, refused, !refused};
    tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum*>(values),
                         const_cast<bool*>(nulls));
  });
}

}  // namespace
}  // namespace phisync::sync

// (relation regclass), strict: set of (bucket, ordinal, type, outputs, withholds, transformed,
// refused)
PHISYNC_FUNCTION(phisync_compiled_queries) {
  using namespace phisync;
  InitMaterializedSRF(fcinfo, 0);
  Relation const relation = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
  if (relation == nullptr) return Datum{0};
  const sync::RelationPlan plan = sync::CompileRelation(relation, nullptr);
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  for (const sync::QueryPlan& query : plan.queries) sync::PutRow(result, query);
  pg::Call([&] { relation_close(relation, AccessShareLock); });
  return Datum{0};
}
