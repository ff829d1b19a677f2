// Refuses policies and holds that could not be kept.

#include "pg/text.h"
#include "retention/row_key.h"
#include "retention/rules.h"

namespace phisync::retention {
namespace {

using pg::Call;

[[noreturn]] void RefuseTable(const char* what, const char* name, const char* is,
                              const char* detail, const char* hint) {
  ereport(ERROR,
          (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("%s on \"%s\", which is %s", what, name, is),
           errdetail("%s", detail), errhint("%s", hint)));
  pg_unreachable();
}

// Locks the table against writes until the transaction ends: what runs now was not judged by the
// new rule.
Relation OpenTable(Oid oid, const char* what) {
  if (!OidIsValid(oid)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s names no table", what),
                    errdetail("relation is null."), errhint("Give the table, such as 'visit'.")));
  }
  const char kind = get_rel_relkind(oid);
  const char* const name = get_rel_name(oid);
  if (name == nullptr) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table with oid %u does not exist", oid),
             errdetail("It was dropped."), errhint("Name an existing table.")));
  }
  constexpr char kRows[] = "Only an ordinary table's rows can be guarded.";
  switch (kind) {
    case RELKIND_RELATION:
      break;
    case RELKIND_PARTITIONED_TABLE:
      RefuseTable(what, name, "a partitioned table",
                  "TRUNCATE of one of its partitions could not be guarded from here.",
                  "Put it on each partition.");
    case RELKIND_VIEW:
    case RELKIND_MATVIEW:
      RefuseTable(what, name, "a view", kRows, "Put it on the tables that the view reads.");
    case RELKIND_FOREIGN_TABLE:
      RefuseTable(what, name, "a foreign table", kRows, "Put it on the table in its own server.");
    default:
      RefuseTable(what, name, "no table", kRows, "Put it on a table.");
  }
  Relation const relation = table_open(oid, ShareRowExclusiveLock);
  const Oid schema = RelationGetNamespace(relation);
  if (IsSystemRelation(relation) || oid < FirstNormalObjectId) {
    RefuseTable(what, name, "a system catalog", kRows, "Put it on a table of your own.");
  }
  if (schema == get_namespace_oid("phisync", true)) {
    RefuseTable(what, name, "a table of phisync", "The extension keeps its own records.",
                "Put it on a table of your own.");
  }
  if (relation->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT) {
    RefuseTable(
        what, name, "not permanent",
        "Rows of temporary and unlogged tables go with the session or a crash.",
        "Put it on a permanent table; ALTER TABLE ... SET LOGGED makes an unlogged one so.");
  }
  if (has_subclass(oid) && find_inheritance_children(oid, AccessShareLock) != NIL) {
    RefuseTable(what, name, "inherited by other tables",
                "Rows of its children could not be guarded from here.", "Put it on each child.");
  }
  RowKey::Of(relation);
  return relation;
}

const char* OptionalText(FunctionCallInfo fcinfo, int n) {
  return PG_ARGISNULL(n) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

const ::Interval* OptionalInterval(FunctionCallInfo fcinfo, int n) {
  return PG_ARGISNULL(n) ? nullptr : reinterpret_cast<const ::Interval*>(PG_GETARG_POINTER(n));
}

const char* RequiredText(FunctionCallInfo fcinfo, int n, const char* what, const char* hint) {
  const char* const text = OptionalText(fcinfo, n);
  if (text == nullptr || *text == '\0') {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is missing", what),
                    errdetail("It is null or empty."), errhint("%s", hint)));
  }
  return text;
}

[[noreturn]] void RefuseHold(const char* name, const char* detail) {
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
           errmsg("legal hold \"%s\" does not say what it holds", name), errdetail("%s", detail),
           errhint("Give relation and pk for a row, relation and predicate for rows ('true' for "
                   "all), or subject for a person's rows.")));
  pg_unreachable();
}

bool AnyPolicyNamesSubject(Oid relation) {
  Relation const table = table_open(OwnTable("retention_policy"), AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(table, InvalidOid, false, GetActiveSnapshot(), 0, nullptr);
  bool found = false;
  while (HeapTuple tuple = systable_getnext(scan)) {
    bool is_null = false;
    const Datum on = heap_getattr(tuple, 2, RelationGetDescr(table), &is_null);
    if (OidIsValid(relation) && DatumGetObjectId(on) != relation) continue;
    if (!DatumGetBool(heap_getattr(tuple, 9, RelationGetDescr(table), &is_null))) continue;
    heap_getattr(tuple, 7, RelationGetDescr(table), &is_null);
    found = found || !is_null;
  }
  systable_endscan(scan);
  table_close(table, AccessShareLock);
  return found;
}

void CheckSubjectHold(Oid relation, const char* name) {
  if (AnyPolicyNamesSubject(relation)) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("legal hold \"%s\" would hold no row", name),
                  errdetail("No retention policy here names the column with the subject's id."),
                  errhint("Create policies with subject => 'column' on the tables first, or hold "
                          "rows by pk or predicate.")));
}

void CheckRow(Relation relation, Jsonb* pk) {
  const RowKey* const key = RowKey::Of(relation);
  const Datum* const values = key->Parse(pk);
  TupleTableSlot* const slot = table_slot_create(relation, nullptr);
  Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
  const bool found = key->Find(relation, values, snapshot, slot);
  UnregisterSnapshot(snapshot);
  ExecDropSingleTupleTableSlot(slot);
  if (!found) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("table \"%s\" has no row with this primary key",
                           RelationGetRelationName(relation)),
                    errdetail("A hold is placed on a row that exists."),
                    errhint("Compare pk with the table; a subject hold also binds rows to come.")));
  }
}

}  // namespace
}  // namespace phisync::retention

using namespace phisync::retention;

PHISYNC_FUNCTION(phisync_check_retention_policy) {
  PolicyRow row{};
  Relation const relation = phisync::pg::Call([&] {
    row.name =
        RequiredText(fcinfo, 0, "name of the retention policy", "Name it, such as 'visits'.");
    row.relation = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
    row.anchor = RequiredText(fcinfo, 2, "anchor of the retention policy",
                              "Give the column or expression that retention is counted from.");
    row.minimum = OptionalInterval(fcinfo, 3);
    row.maximum = OptionalInterval(fcinfo, 4);
    row.filter = OptionalText(fcinfo, 5);
    row.subject = OptionalText(fcinfo, 6);
    const char* const action = OptionalText(fcinfo, 7);
    if (action == nullptr || strcmp(action, "delete") != 0) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("action of retention policy \"%s\" is not known", row.name),
                      errdetail("The actions are: delete."), errhint("Write action => 'delete'.")));
    }
    return OpenTable(row.relation, psprintf("retention policy \"%s\"", row.name));
  });
  CheckTerms(Compile(relation, row).terms);
  phisync::pg::Call([&] { table_close(relation, NoLock); });
  PG_RETURN_VOID();
}

PHISYNC_FUNCTION(phisync_check_legal_hold) {
  const char* const name =
      RequiredText(fcinfo, 0, "name of the legal hold", "Name it, such as 'case 2026-17'.");
  RequiredText(fcinfo, 1, "reason of the legal hold", "Say why; it stays on record.");
  const Oid oid = PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2);
  Jsonb* const pk = PG_ARGISNULL(3) ? nullptr : PG_GETARG_JSONB_P(3);
  const char* const subject = OptionalText(fcinfo, 4);
  const char* const predicate = OptionalText(fcinfo, 5);
  const int kinds =
      (pk != nullptr ? 1 : 0) + (subject != nullptr ? 1 : 0) + (predicate != nullptr ? 1 : 0);
  if (kinds != 1) {
    RefuseHold(name, "It gives none or several of pk, subject and predicate.");
  }
  if (subject == nullptr && !OidIsValid(oid)) RefuseHold(name, "It gives no relation.");
  Relation relation = nullptr;
  if (OidIsValid(oid)) relation = OpenTable(oid, psprintf("legal hold \"%s\"", name));
  if (subject != nullptr) CheckSubjectHold(oid, name);
  if (pk != nullptr) CheckRow(relation, pk);
  if (predicate != nullptr) CompilePredicate(relation, predicate, name);
  if (relation != nullptr) table_close(relation, NoLock);
  PG_RETURN_VOID();
}

// Policies bind the sessions that work on their table, holds those that read the table of holds.
PHISYNC_FUNCTION(phisync_retention_changed) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("retention_changed is a trigger function")));
  }
  const auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  TupleDesc const desc = RelationGetDescr(trigger->tg_relation);
  CacheInvalidateRelcache(trigger->tg_relation);
  const int column = SPI_fnumber(desc, "relation");
  for (HeapTuple tuple : {trigger->tg_trigtuple, trigger->tg_newtuple}) {
    if (tuple == nullptr) continue;
    bool is_null = false;
    const Oid oid = DatumGetObjectId(heap_getattr(tuple, column, desc, &is_null));
    if (!is_null && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(oid))) {
      CacheInvalidateRelcacheByRelid(oid);
    }
  }
  return PointerGetDatum(nullptr);
}
