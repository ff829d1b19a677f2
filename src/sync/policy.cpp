#include "sync/policy.h"

#include "pg/boundary.h"
#include "pg/extension.h"
#include "pg/tables.h"
#include "sync/defined.h"
#include "sync/owner.h"
#include "sync/query.h"

namespace phisync::sync {
namespace {

constexpr const char* kSchema = "phisync";
constexpr const char* kTable = "policy_change";

// Columns of phisync.policy_change, in the order of extension/21_policy.sql.
enum PolicyColumn { kVersion = 1, kChangedAt, kChangedBy, kWhat, kRebuild, kClear };

bool IsOfExtension(Oid relation) {
  Oid const extension = get_extension_oid(kSchema, true);
  return OidIsValid(extension) && getExtensionOfObject(RelationRelationId, relation) == extension;
}

// Of the extension, else InvalidOid.
Oid TableOfExtension(const char* name) {
  Oid const schema = get_namespace_oid(kSchema, true);
  Oid const table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
  return OidIsValid(table) && IsOfExtension(table) ? table : InvalidOid;
}

Datum TextArray(List* strings) {
  auto* const values =
      static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(list_length(strings) + 1)));
  int n = 0;
  ListCell* cell;
  foreach (cell, strings) values[n++] = CStringGetTextDatum(strVal(lfirst(cell)));
  return PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum ClearsJson(List* clears) {
  StringInfoData json;
  initStringInfo(&json);
  appendStringInfoChar(&json, '[');
  ListCell* cell;
  foreach (cell, clears) {
    const auto* const clear = static_cast<ClearedQuery*>(lfirst(cell));
    if (json.len > 1) appendStringInfoChar(&json, ',');
    appendStringInfoString(&json, "{\"bucket\":");
    escape_json(&json, clear->bucket);
    appendStringInfo(&json, ",\"ordinal\":%d,\"type\":", clear->ordinal);
    escape_json(&json, clear->type);
    appendStringInfoString(&json, ",\"reason\":");
    escape_json(&json, clear->reason);
    appendStringInfoChar(&json, '}');
  }
  appendStringInfoChar(&json, ']');
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

// The relations and all whose partitions or heirs they are.
List* WithAncestors(List* relations) {
  List* all = list_copy(relations);
  Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
  // The list grows while it is walked.
  for (int i = 0; i < list_length(all); i++) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(list_nth_oid(all, i)));
    SysScanDesc const scan =
        systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
    while (HeapTuple const row = systable_getnext(scan)) {
      all = list_append_unique_oid(all,
                                   reinterpret_cast<Form_pg_inherits>(GETSTRUCT(row))->inhparent);
    }
    systable_endscan(scan);
  }
  table_close(inherits, AccessShareLock);
  return all;
}

std::string ToString(Datum value) {
  return pg::Call([&] { return TextDatumGetCString(value); });
}

// A member of an object in phisync.policy_change.clear; null if it is missing.
const JsonbValue* Member(const JsonbValue* object, const char* key) {
  return getKeyJsonValueFromContainer(object->val.binary.data, key, static_cast<int>(strlen(key)),
                                      nullptr);
}

const char* StringMember(const JsonbValue* object, const char* key) {
  const JsonbValue* const value = Member(object, key);
  if (value == nullptr || value->type != jbvString) elog(ERROR, "no text \"%s\"", key);
  return pnstrdup(value->val.string.val, value->val.string.len);
}

int IntegerMember(const JsonbValue* object, const char* key) {
  const JsonbValue* const value = Member(object, key);
  if (value == nullptr || value->type != jbvNumeric) elog(ERROR, "no number \"%s\"", key);
  return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(value->val.numeric)));
}

// ClearedQuery nodes.
List* Clears(Datum json) {
  Jsonb* const array = DatumGetJsonbP(json);
  if (!JB_ROOT_IS_ARRAY(array)) elog(ERROR, "no array");
  List* clears = NIL;
  for (uint32 i = 0; i < JB_ROOT_COUNT(array); i++) {
    const JsonbValue* const object = getIthJsonbValueFromContainer(&array->root, i);
    if (object->type != jbvBinary || !JsonContainerIsObject(object->val.binary.data)) {
      elog(ERROR, "no object");
    }
    auto* const clear = static_cast<ClearedQuery*>(palloc(sizeof(ClearedQuery)));
    clear->bucket = StringMember(object, "bucket");
    clear->ordinal = IntegerMember(object, "ordinal");
    clear->type = StringMember(object, "type");
    clear->reason = StringMember(object, "reason");
    clears = lappend(clears, clear);
  }
  return clears;
}

}  // namespace

void RecordPolicyChange(const char* what, List* rebuild, List* clears) {
  if (rebuild == NIL && clears == NIL) return;
  Oid const table = TableOfExtension(kTable);
  if (!OidIsValid(table)) return;
  // Invalidations that wait for the end of this command would be logged without a transaction, if
  // it had no number yet, and be lost to transactions in progress when these are decoded.
  GetCurrentTransactionId();
  AsOwnerOf(table, [&] {
    const Oid types[] = {TEXTOID, TEXTARRAYOID, JSONBOID};
    const Datum values[] = {CStringGetTextDatum(what), TextArray(rebuild), ClearsJson(clears)};
    Execute("INSERT INTO phisync.policy_change (what, rebuild, clear) VALUES ($1, $2, $3)", 3,
            types, values, nullptr);
  });
}

List* ClearsOf(List* queries, const char* reason) {
  List* clears = NIL;
  ListCell* cell;
  foreach (cell, queries) {
    const auto* const query = static_cast<DefinedQuery*>(lfirst(cell));
    auto* const clear = static_cast<ClearedQuery*>(palloc(sizeof(ClearedQuery)));
    *clear = {query->of->name, query->ordinal, TypeOfQuery(query->text), reason};
    clears = lappend(clears, clear);
  }
  return clears;
}

List* DefinitionsOn(List* relations) {
  // The tables' files are yet to come from the old cluster, and no slot does.
  if (IsBinaryUpgrade) return NIL;
  Oid const table = TableOfExtension("bucket_query");
  if (!OidIsValid(table)) return NIL;
  List* const all = WithAncestors(relations);
  // Collected in memory that outlives SPI_finish.
  MemoryContext const memory = CurrentMemoryContext;
  List* names = NIL;
  AsOwnerOf(table, [&] {
    auto* const oids =
        static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(list_length(all) + 1)));
    int n = 0;
    ListCell* cell;
    foreach (cell, all) oids[n++] = ObjectIdGetDatum(lfirst_oid(cell));
    const Oid types[] = {OIDARRAYOID};
    const Datum values[] = {
        PointerGetDatum(construct_array(oids, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT))};
    Execute(
        "SELECT DISTINCT bucket FROM phisync.bucket_query "
        "WHERE relation::pg_catalog.oid OPERATOR(pg_catalog.=) ANY ($1) ORDER BY 1",
        1, types, values, nullptr);
    names = FirstColumn(memory);
  });
  return names;
}

bool IsPolicyTable(Relation relation) {
  if (strcmp(RelationGetRelationName(relation), kTable) != 0) return false;
  return pg::Call([&] {
    return get_namespace_oid(kSchema, true) == RelationGetNamespace(relation) &&
           IsOfExtension(RelationGetRelid(relation));
  });
}

PolicyChange ReadPolicyChange(Relation policy_table, HeapTuple row) {
  struct Columns {
    Datum values[kClear];
    bool nulls[kClear];
    Datum* rebuild;
    int rebuild_count;
    List* clears;
  };
  const Columns columns = pg::Call([&] {
    Columns c{};
    heap_deform_tuple(row, RelationGetDescr(policy_table), c.values, c.nulls);
    deconstruct_array(DatumGetArrayTypeP(c.values[kRebuild - 1]), TEXTOID, -1, false, TYPALIGN_INT,
                      &c.rebuild, nullptr, &c.rebuild_count);
    c.clears = Clears(c.values[kClear - 1]);
    return c;
  });
  PolicyChange change;
  change.version = DatumGetInt64(columns.values[kVersion - 1]);
  change.what = ToString(columns.values[kWhat - 1]);
  for (int i = 0; i < columns.rebuild_count; i++) {
    change.rebuild.push_back(ToString(columns.rebuild[i]));
  }
  ListCell* cell;
  foreach (cell, columns.clears) {
    const auto* const clear = static_cast<ClearedQuery*>(lfirst(cell));
    change.clears.push_back({clear->bucket, clear->ordinal, clear->type, clear->reason});
  }
  return change;
}

}  // namespace phisync::sync
