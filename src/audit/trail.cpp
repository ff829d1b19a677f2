#include "audit/trail.h"

#include <cstdio>

#include "core/error.h"
#include "pg/boundary.h"
#include "pg/executor.h"
#include "pg/session.h"
#include "pg/types.h"

namespace phisync::audit {
namespace {

constexpr const char* kInsert =
    "INSERT INTO phisync.%s (recorded_at, event_id, source, outcome, \"precision\", "
    "session_role, "
    "effective_role, authenticated_as, application_user, purpose, client_address, client_port, "
    "tls, "
    "application_name, backend_pid, command, top_command, nested, relations, relation_oids, "
    "columns, tags, "
    "truncated, row_count, query_id, transaction_id, row_key, changed_columns, lost_events, "
    "started_at, "
    "finished_at, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
    "$15, $16, "
    "$17, $18, "
    "$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)";
constexpr int kColumns = 32;
constexpr Oid kTypes[kColumns] = {
    TIMESTAMPTZOID, UUIDOID,     TEXTOID,      TEXTOID,      TEXTOID, TEXTOID,
    TEXTOID,        TEXTOID,     TEXTOID,      TEXTOID,      INETOID, INT4OID,
    BOOLOID,        TEXTOID,     INT4OID,      TEXTOID,      TEXTOID, BOOLOID,
    TEXTARRAYOID,   OIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, BOOLOID, INT8OID,
    INT8OID,        XID8OID,     TEXTOID,      TEXTARRAYOID, INT8OID, TIMESTAMPTZOID,
    TIMESTAMPTZOID, JSONBOID};

SPIPlanPtr into_trail = nullptr;
SPIPlanPtr into_pending = nullptr;

// Makes the plan of an INSERT into the table, once.
void Prepare(SPIPlanPtr* plan, const char* table) {
  if (*plan != nullptr) return;
  SPIPlanPtr const made = SPI_prepare(psprintf(kInsert, table), kColumns, const_cast<Oid*>(kTypes));
  if (made == nullptr) elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
  SPI_keepplan(made);
  *plan = made;
}

Datum ToText(const std::string& text) {
  return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

// One event's values, filled from left to right. Owns nothing: runs inside pg::Call.
class Row {
 public:
  void Add(Datum value, bool null = false) {
    values_[filled_] = null ? Datum(0) : value;
    nulls_[filled_] = null ? 'n' : ' ';
    ++filled_;
  }
  void AddText(const std::string& text) {
    Add(text.empty() ? Datum(0) : ToText(text), text.empty());
  }
  void AddWord(const char* word) { Add(CStringGetTextDatum(word)); }
  void AddTexts(Datum* texts, std::size_t count) {
    Add(PointerGetDatum(
        construct_array(texts, static_cast<int>(count), TEXTOID, -1, false, TYPALIGN_INT)));
  }
  void Insert(SPIPlanPtr plan) {
    if (filled_ != kColumns) elog(ERROR, "audit event has %d values", filled_);
    const int result = SPI_execute_plan(plan, values_, nulls_, false, 0);
    if (result != SPI_OK_INSERT)
      elog(ERROR, "could not insert audit event: %s", SPI_result_code_string(result));
  }

 private:
  int filled_ = 0;
  Datum values_[kColumns];
  char nulls_[kColumns];
};

Datum* Datums(std::size_t count) {
  return static_cast<Datum*>(palloc((count + 1) * sizeof(Datum)));
}

void AddRelations(Row& row, const Event& event) {
  std::size_t columns = 0;
  for (const TouchedRelation& relation : event.relations) columns += relation.columns.size();
  Datum* names = Datums(event.relations.size());
  Datum* oids = Datums(event.relations.size());
  Datum* column_names = Datums(columns);
  Datum* tags = Datums(columns);
  std::size_t r = 0;
  std::size_t c = 0;
  for (const TouchedRelation& relation : event.relations) {
    names[r] = ToText(relation.name);
    oids[r++] = ObjectIdGetDatum(relation.oid);
    for (const TouchedColumn& column : relation.columns) {
      column_names[c] = CStringGetTextDatum(
          psprintf("%s.%s", relation.name.c_str(), quote_identifier(column.name.c_str())));
      tags[c++] = ToText(column.tag);
    }
  }
  row.AddTexts(names, r);
  row.Add(PointerGetDatum(
      construct_array(oids, static_cast<int>(r), OIDOID, sizeof(Oid), true, TYPALIGN_INT)));
  row.AddTexts(column_names, c);
  row.AddTexts(tags, c);
}

void InsertEvent(const Event& event, SPIPlanPtr plan) {
  Row row;
  auto* id = static_cast<unsigned char*>(palloc(event.id.size()));
  memcpy(id, event.id.data(), event.id.size());
  row.Add(TimestampTzGetDatum(event.finished_at));
  row.Add(PointerGetDatum(id));
  row.AddWord(Text(event.source));
  row.AddWord(Text(event.outcome));
  row.AddWord(Text(event.precision));
  row.AddText(event.session_role);
  row.AddText(event.effective_role);
  row.AddText(event.authenticated);
  row.AddText(event.application_user);
  row.AddText(event.purpose);
  const bool local = event.client_address.empty();
  row.Add(local ? Datum(0)
                : DirectFunctionCall1(inet_in, CStringGetDatum(event.client_address.c_str())),
          local);
  row.Add(Int32GetDatum(event.client_port), event.client_port == 0);
  row.Add(BoolGetDatum(event.tls));
  row.AddText(event.application_name);
  row.Add(Int32GetDatum(event.pid), event.pid == 0);
  row.AddText(event.command);
  row.AddText(event.top_command);
  row.Add(BoolGetDatum(event.nested));
  AddRelations(row, event);
  row.Add(BoolGetDatum(event.truncated));
  row.Add(Int64GetDatum(event.rows), event.rows < 0);
  row.Add(Int64GetDatum(event.query_id), event.query_id == 0);
  row.Add(UInt64GetDatum(event.transaction), event.transaction == 0);
  row.AddText(event.row_key);
  Datum* changed = Datums(event.changed_columns.size());
  std::size_t count = 0;
  for (const std::string& name : event.changed_columns) changed[count++] = ToText(name);
  if (event.source == EventSource::kChange && event.command == "UPDATE") {
    row.AddTexts(changed, count);
  } else {
    row.Add(Datum(0), true);
  }
  row.Add(UInt64GetDatum(event.lost), event.lost == 0);
  row.Add(TimestampTzGetDatum(event.started_at));
  row.Add(TimestampTzGetDatum(event.finished_at));
  const bool plain = event.detail.empty();
  row.Add(plain ? Datum(0) : DirectFunctionCall1(jsonb_in, CStringGetDatum(event.detail.c_str())),
          plain);
  row.Insert(plan);
}

// The month's partition by its usual name is there and attached.
bool HasPartition(TimestampTz at, Oid schema) {
  pg_tm tm = {};
  fsec_t fraction = 0;
  if (timestamp2tm(at, nullptr, &tm, &fraction, nullptr, nullptr) != 0) return false;
  char name[NAMEDATALEN];
  snprintf(name, sizeof(name), "audit_trail_y%04dm%02d", tm.tm_year, tm.tm_mon);
  const Oid partition = get_relname_relid(name, schema);
  return OidIsValid(partition) && get_rel_relispartition(partition);
}

void MakePartition(TimestampTz at) {
  Oid type = TIMESTAMPTZOID;
  Datum value = TimestampTzGetDatum(at);
  const int result = SPI_execute_with_args("SELECT phisync.audit_partition($1)", 1, &type, &value,
                                           nullptr, false, 0);
  if (result != SPI_OK_SELECT) elog(ERROR, "could not make a partition of the audit trail");
}

void InsertWhereItBelongs(const Event& event, Oid schema) {
  if (!HasPartition(event.finished_at, schema)) {
    // Labels are set while a dump is being restored, and the dump brings the month itself.
    if (event.source == EventSource::kTag) {
      Prepare(&into_pending, "audit_pending");
      return InsertEvent(event, into_pending);
    }
    MakePartition(event.finished_at);
  }
  Prepare(&into_trail, "audit_trail");
  InsertEvent(event, into_trail);
}

}  // namespace

Oid TrailTable() {
  const Oid schema = get_namespace_oid("phisync", true);
  return OidIsValid(schema) ? get_relname_relid("audit_trail", schema) : InvalidOid;
}

Oid LockTrail() {
  for (;;) {
    const Oid trail = TrailTable();
    if (!OidIsValid(trail)) return InvalidOid;
    LockRelationOid(trail, RowExclusiveLock);
    // Whoever held it may have dropped it.
    if (TrailTable() == trail) return trail;
    UnlockRelationOid(trail, RowExclusiveLock);
  }
}

void WriteTrail(const std::vector<Event>& events) {
  pg::Call([&] {
    const Oid trail = LockTrail();
    if (!OidIsValid(trail)) {
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("this database has no audit trail"),
                      errhint("CREATE EXTENSION phisync;")));
    }
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(trail));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for relation %u", trail);
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    const Oid schema = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relnamespace;
    ReleaseSysCache(tuple);

    Oid user = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    for (const Event& event : events) InsertWhereItBelongs(event, schema);
    SPI_finish();
    SetUserIdAndSecContext(user, context);
  });
}

std::string KeySecret() {
  struct Bytes {
    const char* data;
    int size;
  };
  const Bytes secret = pg::Call([] {
    const Oid schema = get_namespace_oid("phisync", false);
    const Oid table = get_relname_relid("audit_secret", schema);
    if (!OidIsValid(table)) elog(ERROR, "phisync.audit_secret is missing");
    Relation relation = table_open(table, AccessShareLock);
    SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
    HeapTuple tuple = systable_getnext(scan);
    Bytes found = {nullptr, 0};
    if (HeapTupleIsValid(tuple)) {
      bool null = false;
      bytea* value = DatumGetByteaPCopy(heap_getattr(tuple, 2, RelationGetDescr(relation), &null));
      found = {VARDATA(value), static_cast<int>(VARSIZE(value) - VARHDRSZ)};
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return found;
  });
  if (secret.data == nullptr) {
    throw Error(sqlstate::kObjectNotInPrerequisiteState,
                "there is no key to hash row keys with yet",
                "The key is made when the first table is audited.",
                "Call phisync.audit_table() for the table first.");
  }
  return {secret.data, static_cast<std::size_t>(secret.size)};
}

}  // namespace phisync::audit
