#include "sync/surrogates_on_write.h"

#include <memory>
#include <unordered_map>

#include "core/error.h"
#include "masks/keys.h"
#include "pg/boundary.h"
#include "pg/tables.h"
#include "sync/surrogate_maker.h"

// The trigger that makes the surrogates of rows as they are written. It does so before the row is
// stored: the stream, which meets both in the order of the log, finds them.

namespace phisync::sync {
namespace {

// So long nothing is tried again after a failure, unless the key's settings change: a command that
// prints the key is not to run for every row.
constexpr int kPauseMs = 10000;
// A session that makes tables for ever does not grow for ever.
constexpr std::size_t kMaxTables = 4096;

struct Table {
  std::shared_ptr<SurrogateMaker> maker;
  bool valid = false;
  TimestampTz failed_at = 0;  // 0: it did not
  std::uint64_t failed_with = 0;
};

std::unordered_map<Oid, Table>* tables = nullptr;
// Whoever changes a profile invalidates it.
Oid profile_table = InvalidOid;

// May come while a maker is made or used: marks, frees nothing.
void OnRelcacheChange(Datum, Oid relation) {
  if (tables == nullptr) return;
  if (relation == InvalidOid || relation == profile_table) {
    for (auto& [oid, table] : *tables) table.valid = false;
  } else if (const auto found = tables->find(relation); found != tables->end()) {
    found->second.valid = false;
  }
}

Table& TableOf(Oid relation) {
  if (tables == nullptr) tables = new std::unordered_map<Oid, Table>;
  if (tables->size() >= kMaxTables && !tables->contains(relation)) tables->clear();
  return (*tables)[relation];
}

bool Pauses(const Table& table) {
  return table.valid && table.failed_at != 0 && table.failed_with == masks::KeySettings() &&
         !TimestampDifferenceExceeds(table.failed_at, GetCurrentTimestamp(), kPauseMs);
}

// One that is in use, by a trigger further up whose row runs code that writes the same table, is
// not used by two.
std::shared_ptr<SurrogateMaker> MakerOf(Relation relation) {
  const Oid oid = RelationGetRelid(relation);
  Table& table = TableOf(oid);
  if (table.valid && table.maker != nullptr && table.maker.use_count() == 1) return table.maker;
  profile_table =
      pg::Call([] { return get_relname_relid("profile", get_namespace_oid("phisync", false)); });
  // First, so that a change that arrives while the catalogs are read marks it again.
  table = Table{.maker = nullptr, .valid = true};
  auto maker = std::make_shared<SurrogateMaker>(relation, nullptr);
  TableOf(oid).maker = maker;
  return maker;
}

// Where no code can be made the row is written all the same: consumers get NULL, never the value.
void TellWhyNot(Relation relation, const Error& error) {
  Table& table = TableOf(RelationGetRelid(relation));
  table.failed_at = GetCurrentTimestamp();
  table.failed_with = masks::KeySettings();
  pg::Call([&] {
    ereport(LOG,
            (errmsg("rows are written to table \"%s\" without surrogates: %s",
                    RelationGetRelationName(relation), error.message().c_str()),
             errdetail("Consumers get NULL for values that have none yet."),
             errhint("Mend it, then: CALL phisync.make_surrogates(profile, '%s');",
                     quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                                RelationGetRelationName(relation)))));
  });
}

void MakeSurrogates(Relation relation, TupleTableSlot* row) {
  if (XactReadOnly || Pauses(TableOf(RelationGetRelid(relation)))) return;
  try {
    const std::shared_ptr<SurrogateMaker> maker = MakerOf(relation);
    if (!maker->empty()) maker->MakeOfNew(row);
  } catch (const Error& error) {
    TellWhyNot(relation, error);
  }
}

}  // namespace

void InitSurrogatesOnWrite() {
  CacheRegisterRelcacheCallback(OnRelcacheChange, Datum{0});
}

}  // namespace phisync::sync

// Row trigger, BEFORE INSERT OR UPDATE
PHISYNC_FUNCTION(phisync_surrogates_on_write) {
  using phisync::Error;
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    throw Error("39P01", "phisync.surrogates_on_write is a trigger function", {},
                "CALL phisync.make_surrogates(profile); puts it on tables.");
  }
  const auto* const trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  const bool update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
  if (!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
      !(update || TRIGGER_FIRED_BY_INSERT(trigger->tg_event))) {
    throw Error("39P01", "phisync.surrogates_on_write must run before each row that is written", {},
                "CALL phisync.make_surrogates(profile); puts it on tables.");
  }
  phisync::sync::MakeSurrogates(trigger->tg_relation,
                                update ? trigger->tg_newslot : trigger->tg_trigslot);
  return PointerGetDatum(update ? trigger->tg_newtuple : trigger->tg_trigtuple);
}
