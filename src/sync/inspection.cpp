// phisync.compiled_queries: what the plugin makes of a table's definitions, for people to see.

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

void PutRow(ReturnSetInfo* result, const QueryPlan& query) {
  const bool refused = query.refused_sqlstate != nullptr;
  const Datum outputs = TextArray(query.outputs);
  pg::Call([&] {
    const Datum values[] = {CStringGetTextDatum(query.bucket.c_str()),
                            Int32GetDatum(query.ordinal),
                            CStringGetTextDatum(query.type.c_str()),
                            outputs,
                            BoolGetDatum(query.withholds),
                            refused ? CStringGetTextDatum(query.refused_sqlstate) : Datum{0}};
    const bool nulls[] = {false, false, query.type.empty(), refused, refused, !refused};
    tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum*>(values),
                         const_cast<bool*>(nulls));
  });
}

}  // namespace
}  // namespace phisync::sync

// (relation regclass), strict: set of (bucket, ordinal, type, outputs, withholds, refused)
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
