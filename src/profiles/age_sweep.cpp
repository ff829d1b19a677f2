// phisync.age_sweep: rows about people who turned 90 are sent again, for consumers who may have
// years of birth until then.

#include "core/label.h"
#include "masks/datum.h"
#include "pg/boundary.h"
#include "pg/seclabel.h"
#include "pg/spi.h"
#include "pg/tables.h"
#include "reads/trust.h"
#include "tags/tags.h"

namespace phisync::profiles {
namespace {

// Whether values of the column may be births whose year somebody gets: of a type that date_year is
// for.
bool HoldsBirths(const tags::ColumnTag& tag, Oid type) {
  if (!tag.phi || tag.label.empty() || !OidIsValid(type)) return false;
  const ValueType value = masks::ValueTypeOf(type);
  return MayBeBirth(ParseColumnLabel(tag.label).tag_class) &&
         (value == ValueType::kDate || value == ValueType::kTimestamp ||
          value == ValueType::kTimestamptz);
}

const char* Quoted(Oid relation, AttrNumber column) {
  return quote_identifier(get_attname(relation, column, false));
}

// A column that an UPDATE can set to itself; null if there is none.
const char* SettableColumn(Oid oid) {
  Relation const relation = table_open(oid, NoLock);
  const char* name = nullptr;
  for (int i = 0; i < RelationGetNumberOfAttributes(relation) && name == nullptr; i++) {
    Form_pg_attribute const column = TupleDescAttr(RelationGetDescr(relation), i);
    if (column->attisdropped || column->attgenerated != '\0' || column->attidentity != '\0') {
      continue;
    }
    name = quote_identifier(pstrdup(NameStr(column->attname)));
  }
  table_close(relation, NoLock);
  return name;
}

// The value as a type that mask_birth_year takes, of a domain its base.
const char* BirthExpression(Oid relation, AttrNumber column) {
  return psprintf("r.%s::%s", Quoted(relation, column),
                  format_type_be_qualified(getBaseType(get_atttype(relation, column))));
}

// No-op UPDATE of the rows in which one of the columns turned 90 after `since` ($1) and not after
// now ($2); both are null-safe, since a first sweep takes all who are 90.
const char* UpdateCommand(Oid relation, List* births) {
  const char* const settable = SettableColumn(relation);
  if (settable == nullptr) return nullptr;
  StringInfoData command;
  initStringInfo(&command);
  appendStringInfo(&command, "UPDATE ONLY %s r SET %s = r.%s WHERE ",
                   quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                              get_rel_name(relation)),
                   settable, settable);
  ListCell* cell;
  foreach (cell, births) {
    const char* const birth = BirthExpression(relation, static_cast<AttrNumber>(lfirst_int(cell)));
    appendStringInfo(&command,
                     "%s(%s IS NOT NULL AND phisync.mask_birth_year(%s, $2) IS NULL AND ($1 IS "
                     "NULL OR phisync.mask_birth_year(%s, $1) IS NOT NULL))",
                     cell == list_head(births) ? "" : " OR ", birth, birth, birth);
  }
  return command.data;
}

struct Sweep {
  Oid relation;
  List* births;  // attribute numbers
  TimestampTz now;
  uint64 rows;
};

// When the table was last swept; null: never.
Datum LastSweep(Oid relation, bool* never) {
  const Oid types[] = {REGCLASSOID};
  const Datum values[] = {ObjectIdGetDatum(relation)};
  if (SPI_execute_with_args("SELECT swept_until FROM phisync.age_sweep_state WHERE relation "
                            "OPERATOR(pg_catalog.=) $1",
                            1, const_cast<Oid*>(types), const_cast<Datum*>(values), nullptr, false,
                            1) != SPI_OK_SELECT) {
    elog(ERROR, "could not read phisync.age_sweep_state");
  }
  *never = SPI_processed == 0;
  if (*never) return Datum{0};
  return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, never);
}

void KeepSweep(const Sweep& sweep, bool first) {
  Oid types[] = {REGCLASSOID, TIMESTAMPTZOID};
  Datum values[] = {ObjectIdGetDatum(sweep.relation), TimestampTzGetDatum(sweep.now)};
  const char* const command =
      first ? "INSERT INTO phisync.age_sweep_state (relation, swept_until) VALUES ($1, $2)"
            : "UPDATE phisync.age_sweep_state SET swept_until = $2 WHERE relation "
              "OPERATOR(pg_catalog.=) $1";
  if (SPI_execute_with_args(command, 2, types, values, nullptr, false, 0) < 0) {
    elog(ERROR, "could not write phisync.age_sweep_state");
  }
}

// As the table's owner: its expressions and triggers are the owner's code. Ordinary triggers do not
// fire, for nothing changes; those that are enabled always do, among them the retention guard and
// the audit of rows.
uint64 Update(Sweep* sweep, const char* command, Datum since, bool first) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  int const settings = NewGUCNestLevel();
  set_config_option("session_replication_role", "replica", PGC_SUSET, PGC_S_SESSION,
                    GUC_ACTION_SAVE, true, 0, false);
  // Rows that row security would hide from the owner raise an error instead of being passed over.
  set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                    false);
  set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                    GUC_ACTION_SAVE, true, 0, false);
  HeapTuple const row = SearchSysCache1(RELOID, ObjectIdGetDatum(sweep->relation));
  if (!HeapTupleIsValid(row)) elog(ERROR, "a table that is swept does not exist");
  Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relowner;
  ReleaseSysCache(row);
  SetUserIdAndSecContext(owner,
                         context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
  Datum values[] = {since, TimestampTzGetDatum(sweep->now)};
  if (SPI_execute_with_args(command, 2, types, values, first ? "n " : nullptr, false, 0) !=
      SPI_OK_UPDATE) {
    elog(ERROR, "could not sweep table \"%s\"", get_rel_name(sweep->relation));
  }
  uint64 const rows = SPI_processed;
  SetUserIdAndSecContext(user, context);
  AtEOXact_GUC(false, settings);
  return rows;
}

// A transaction that took its commit time before this one began may have become visible after it
// looked: the last minute before a sweep is looked at again by the next.
constexpr TimestampTz kOverlap = 60 * INT64CONST(1000000);

void Run(Sweep* sweep) {
  SPI_connect();
  bool first;
  Datum const last = LastSweep(sweep->relation, &first);
  Datum const since = first ? Datum{0} : TimestampTzGetDatum(DatumGetTimestampTz(last) - kOverlap);
  const char* const command = UpdateCommand(sweep->relation, sweep->births);
  if (command != nullptr) sweep->rows = Update(sweep, command, since, first);
  KeepSweep(*sweep, first);
  SPI_finish();
}

}  // namespace
}  // namespace phisync::profiles

// (relation regclass), strict: the rows that were sent again, null if no column can hold births
PHISYNC_FUNCTION(phisync_sweep_table) {
  using namespace phisync;
  using namespace phisync::profiles;
  const Oid relation = PG_GETARG_OID(0);
  pg::Call([&] { LockRelationOid(relation, RowExclusiveLock); });
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  List* births = NIL;
  for (std::size_t i = 0; i < tags.columns.size(); ++i) {
    const auto number = static_cast<AttrNumber>(i + 1);
    const Oid type = pg::Call([&] { return get_atttype(relation, number); });
    if (!HoldsBirths(tags.columns[i], type)) continue;
    births = pg::Call([&] { return lappend_int(births, number); });
  }
  if (births == NIL) PG_RETURN_NULL();
  Sweep sweep = {relation, births, pg::Call([] { return GetCurrentTransactionStartTimestamp(); }),
                 0};
  const reads::OwnStatements own;
  pg::Call([&] { Run(&sweep); });
  PG_RETURN_INT64(static_cast<int64>(sweep.rows));
}
