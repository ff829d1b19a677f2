// phisync.retention_status: the decision about one row, with its reasons.

#include "pg/text.h"
#include "retention/row_key.h"
#include "retention/rules.h"

namespace phisync::retention {
namespace {

using pg::Call;

Datum TextArray(const std::vector<std::string>& names) {
  std::vector<Datum> texts;
  texts.reserve(names.size());
  for (const std::string& name : names) texts.push_back(pg::TextDatum(name));
  return Call([&] {
    return PointerGetDatum(construct_array(texts.data(), static_cast<int>(texts.size()), TEXTOID,
                                           -1, false, TYPALIGN_INT));
  });
}

Datum Row(FunctionCallInfo fcinfo, Datum* values, bool* nulls) {
  return Call([&] {
    TupleDesc desc = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE) {
      elog(ERROR, "retention_status returns a row");
    }
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
  });
}

}  // namespace
}  // namespace phisync::retention

PHISYNC_FUNCTION(phisync_retention_status) {
  using namespace phisync::retention;
  using phisync::pg::Call;
  using phisync::pg::TextDatum;
  const Oid oid = PG_GETARG_OID(0);
  TupleTableSlot* slot = nullptr;
  Relation relation = nullptr;
  const bool found = Call([&] {
    Jsonb* const pk = PG_GETARG_JSONB_P(1);
    relation = try_table_open(oid, AccessShareLock);
    if (relation == nullptr) {
      ereport(ERROR,
              (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table with OID %u does not exist", oid),
               errdetail("It was dropped, or never was there."),
               errhint("Name a table: phisync.retention_status('schema.table', pk).")));
    }
    if (relation->rd_rel->relkind != RELKIND_RELATION) {
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                      errmsg("\"%s\" is not an ordinary table", RelationGetRelationName(relation)),
                      errdetail("Policies and holds lie on ordinary tables and partitions."),
                      errhint("Name the partition that has the row.")));
    }
    slot = table_slot_create(relation, nullptr);
    const RowKey* const key = RowKey::Of(relation);
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    const bool exists = key->Find(relation, key->Parse(pk), snapshot, slot);
    UnregisterSnapshot(snapshot);
    return exists;
  });
  Datum values[6];
  bool nulls[6] = {false, true, true, false, false, false};
  Verdict verdict;
  if (found) {
    const Facts facts = RulesOf(relation).FactsOf(slot);
    verdict = Explain(facts, GetCurrentTransactionStartTimestamp());
    const Standing& standing = verdict.standing;
    values[0] = TextDatum(DecisionName(standing.decision));
    nulls[1] = standing.retain_until == phisync::calendar::kMinusInfinity;
    values[1] = TimestampTzGetDatum(standing.retain_until);
    bool has_maximum = false;
    for (const Claim& claim : facts.claims) has_maximum |= claim.policy->maximum.has_value();
    nulls[2] = !has_maximum;
    values[2] = TimestampTzGetDatum(standing.dispose_at);
  } else {
    values[0] = TextDatum("absent");
    verdict.reason = "no row has this primary key";
  }
  values[3] = TextArray(verdict.holds);
  values[4] = TextArray(verdict.policies);
  values[5] = TextDatum(verdict.reason);
  Call([&] {
    ExecDropSingleTupleTableSlot(slot);
    table_close(relation, AccessShareLock);
  });
  return Row(fcinfo, values, nulls);
}
