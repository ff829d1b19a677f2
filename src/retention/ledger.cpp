#include "retention/ledger.h"

#include <iterator>

#include "retention/rules.h"

namespace phisync::retention {
namespace {

// Acting as the owner of the extension's tables, with names resolved in pg_catalog. An error undoes
// it with the (sub)transaction.
struct AsOwner {
  Oid user;
  int context;
  int settings;
};

AsOwner Become() {
  AsOwner before{};
  Relation const table = table_open(OwnTable("disposition"), AccessShareLock);
  const Oid owner = table->rd_rel->relowner;
  table_close(table, AccessShareLock);
  GetUserIdAndSecContext(&before.user, &before.context);
  SetUserIdAndSecContext(owner, before.context | SECURITY_LOCAL_USERID_CHANGE);
  before.settings = NewGUCNestLevel();
  set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                    GUC_ACTION_SAVE, true, 0, false);
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  return before;
}

void Return(const AsOwner& before) {
  SPI_finish();
  AtEOXact_GUC(true, before.settings);
  SetUserIdAndSecContext(before.user, before.context);
}

void Run(const char* sql, int n, Oid* types, Datum* values, const char* nulls, int expected) {
  const int result = SPI_execute_with_args(sql, n, types, values, nulls, false, 0);
  if (result != expected) elog(ERROR, "SPI_execute_with_args: %s", SPI_result_code_string(result));
}

Datum NameOf(Oid relation) {
  return PointerGetDatum(cstring_to_text(quote_qualified_identifier(
      get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation))));
}

Datum TextsOf(const char* const* texts, int n) {
  auto* const values = static_cast<Datum*>(palloc(sizeof(Datum) * (n + 1)));
  for (int i = 0; i < n; ++i) values[i] = PointerGetDatum(cstring_to_text(texts[i]));
  return PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum Column(int n) {
  bool is_null = false;
  return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, n, &is_null);
}

void SaveProgress(const RunRow& run, const Counts& counts, bool finished) {
  Oid types[] = {INT8OID, OIDOID,  TIDOID,  INT8OID, INT8OID,
                 INT8OID, INT8OID, INT8OID, INT8OID, BOOLOID};
  ItemPointerData next = run.next;
  Datum values[] = {Int64GetDatum(run.id),
                    ObjectIdGetDatum(run.file),
                    PointerGetDatum(&next),
                    Int64GetDatum(run.end_block),
                    Int64GetDatum(counts.disposed),
                    Int64GetDatum(counts.kept_by_hold),
                    Int64GetDatum(counts.kept_by_minimum),
                    Int64GetDatum(counts.failed),
                    Int64GetDatum(counts.skipped),
                    BoolGetDatum(finished)};
  Run("UPDATE phisync.retention_run SET file = $2, next_tid = $3, end_block = $4, batches = "
      "batches + 1,"
      " disposed = disposed + $5, kept_by_hold = kept_by_hold + $6, kept_by_minimum = "
      "kept_by_minimum + $7,"
      " failed = failed + $8, skipped = skipped + $9,"
      " finished_at = CASE WHEN $10 THEN clock_timestamp() END WHERE id = $1",
      std::size(types), types, values, nullptr, SPI_OK_UPDATE);
}

void SaveDisposition(const RunRow& run, const Counts& counts, Datum sqlstates, XLogRecPtr mark,
                     TimestampTz started_at) {
  Oid types[] = {TEXTOID, INT8OID, INT8OID, OIDOID,       TEXTOID,        INT8OID,  INT8OID,
                 INT8OID, INT8OID, INT8OID, TEXTARRAYOID, TIMESTAMPTZOID, PG_LSNOID};
  Datum values[] = {PointerGetDatum(cstring_to_text(run.policy)),
                    Int64GetDatum(run.id),
                    Int64GetDatum(run.batches + 1),
                    ObjectIdGetDatum(run.relation),
                    NameOf(run.relation),
                    Int64GetDatum(counts.disposed),
                    Int64GetDatum(counts.kept_by_hold),
                    Int64GetDatum(counts.kept_by_minimum),
                    Int64GetDatum(counts.failed),
                    Int64GetDatum(counts.skipped),
                    sqlstates,
                    TimestampTzGetDatum(started_at),
                    LSNGetDatum(mark)};
  const char nulls[] = {' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        ' ',
                        mark == InvalidXLogRecPtr ? 'n' : ' ',
                        '\0'};
  Run("INSERT INTO phisync.disposition (kind, operation, policy, run, batch, relation, "
      "relation_name, disposed,"
      " kept_by_hold, kept_by_minimum, failed, skipped, sqlstates, started_at, lsn)"
      " VALUES ('retention', 'delete', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      std::size(types), types, values, nulls, SPI_OK_INSERT);
}

}  // namespace

RunRow LockRun(int64 id) {
  MemoryContext const caller = CurrentMemoryContext;
  const AsOwner before = Become();
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(id)};
  Run("SELECT r.policy, r.relation::oid, r.file, r.next_tid, r.end_block, r.dry_run, r.finished_at "
      "IS NOT NULL,"
      " r.batches, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = r.relation AND t.tgenabled = "
      "'A'"
      " AND t.tgfoid = 'phisync.guard_row()'::regprocedure) FROM phisync.retention_run r WHERE "
      "r.id = $1 FOR UPDATE",
      1, types, values, nullptr, SPI_OK_SELECT);
  if (SPI_processed != 1) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no such retention run"),
                    errdetail("Runs are begun by phisync.run_retention."),
                    errhint("CALL phisync.run_retention();")));
  }
  RunRow run{};
  run.id = id;
  run.policy = MemoryContextStrdup(caller, TextDatumGetCString(Column(1)));
  run.relation = DatumGetObjectId(Column(2));
  run.file = DatumGetObjectId(Column(3));
  run.next = *reinterpret_cast<ItemPointer>(DatumGetPointer(Column(4)));
  run.end_block = DatumGetInt64(Column(5));
  run.dry_run = DatumGetBool(Column(6));
  run.finished = DatumGetBool(Column(7));
  run.batches = DatumGetInt64(Column(8));
  run.guarded = DatumGetBool(Column(9));
  Return(before);
  return run;
}

void SaveBatch(const RunRow& run, const Counts& counts, const char* const* sqlstates,
               int n_sqlstates, XLogRecPtr mark, TimestampTz started_at, bool finished) {
  const AsOwner before = Become();
  SaveProgress(run, counts, finished);
  const bool idle = counts.disposed == 0 && counts.kept_by_hold == 0 &&
                    counts.kept_by_minimum == 0 && counts.failed == 0 && counts.skipped == 0;
  if (!idle && !run.dry_run) {
    SaveDisposition(run, counts, TextsOf(sqlstates, n_sqlstates), mark, started_at);
  }
  Return(before);
}

void RecordBypass(Oid relation, const char* operation, const char* reason, int64 rows) {
  const AsOwner before = Become();
  Oid types[] = {OIDOID, TEXTOID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
  Datum values[] = {ObjectIdGetDatum(relation),
                    NameOf(relation),
                    Int64GetDatum(rows),
                    PointerGetDatum(cstring_to_text(operation)),
                    PointerGetDatum(cstring_to_text(reason)),
                    TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
  Run("INSERT INTO phisync.disposition (kind, relation, relation_name, disposed, operation, "
      "reason, started_at)"
      " VALUES ('bypass', $1, $2, $3, $4, $5, $6)",
      std::size(types), types, values, nullptr, SPI_OK_INSERT);
  Return(before);
}

}  // namespace phisync::retention
