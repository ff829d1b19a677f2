#include "profiles/stored.h"

#include "pg/past_index.h"

namespace phisync::profiles {
namespace {

// Columns of the tables, in the order of extension/13_profiles.sql.
enum ProfileColumn { kName = 1, kBasedOn, kConsents, kScope };
enum RuleColumn { kRuleProfile = 1, kRuleClass, kRuleTransformation };
enum ColumnColumn { kColumnProfile = 1, kColumnRelation, kColumnName, kColumnTransformation };

struct ProfileTables {
  Oid profile = InvalidOid;
  Oid profile_key = InvalidOid;
  Oid rule = InvalidOid;
  Oid rule_key = InvalidOid;
  Oid column = InvalidOid;
  Oid column_key = InvalidOid;
};

ProfileTables FindTables() {
  Oid const schema = get_namespace_oid("phisync", true);
  if (!OidIsValid(schema)) return {};
  return {get_relname_relid("profile", schema),
          get_relname_relid("profile_pkey", schema),
          get_relname_relid("profile_rule", schema),
          get_relname_relid("profile_rule_pkey", schema),
          get_relname_relid("profile_column", schema),
          get_relname_relid("profile_column_pkey", schema)};
}

Datum Value(HeapTuple tuple, int column, TupleDesc desc) {
  bool isnull;
  Datum const value = heap_getattr(tuple, column, desc, &isnull);
  if (isnull) elog(ERROR, "a profile has no value in column %d", column);
  return value;
}

char* Text(HeapTuple tuple, int column, TupleDesc desc) {
  return TextDatumGetCString(Value(tuple, column, desc));
}

List* TextList(Datum array) {
  Datum* elements;
  int n;
  deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr,
                    &n);
  List* list = NIL;
  for (int i = 0; i < n; i++) list = lappend(list, makeString(TextDatumGetCString(elements[i])));
  return list;
}

// Calls fn(row, desc) for each row whose first column is `profile`; for all rows if it is null.
template <typename Fn>
void ForEachRow(Oid table_id, Oid index, const char* profile, Fn fn) {
  ScanKeyData key;
  if (profile != nullptr) {
    ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(profile));
  }
  Relation const table = table_open(table_id, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(table, index, pg::IndexIsReadable(index), nullptr,
                                              profile != nullptr ? 1 : 0, &key);
  while (HeapTuple const row = systable_getnext(scan)) fn(row, RelationGetDescr(table));
  systable_endscan(scan);
  table_close(table, AccessShareLock);
}

}  // namespace

StoredProfile* ReadProfile(const char* name) {
  ProfileTables const tables = FindTables();
  if (!OidIsValid(tables.profile)) return nullptr;
  StoredProfile* profile = nullptr;
  ForEachRow(tables.profile, tables.profile_key, name, [&](HeapTuple row, TupleDesc desc) {
    profile = static_cast<StoredProfile*>(palloc(sizeof(StoredProfile)));
    bool unset;
    Datum const scope = heap_getattr(row, kScope, desc, &unset);
    *profile = {Text(row, kName, desc),
                Text(row, kBasedOn, desc),
                TextList(Value(row, kConsents, desc)),
                unset ? nullptr : TextDatumGetCString(scope),
                NIL,
                NIL};
  });
  if (profile == nullptr) return nullptr;
  ForEachRow(tables.rule, tables.rule_key, name, [&](HeapTuple row, TupleDesc desc) {
    auto* const rule = static_cast<StoredRule*>(palloc(sizeof(StoredRule)));
    *rule = {Text(row, kRuleClass, desc), Text(row, kRuleTransformation, desc)};
    profile->rules = lappend(profile->rules, rule);
  });
  ForEachRow(tables.column, tables.column_key, name, [&](HeapTuple row, TupleDesc desc) {
    auto* const column = static_cast<StoredColumn*>(palloc(sizeof(StoredColumn)));
    *column = {DatumGetObjectId(Value(row, kColumnRelation, desc)),
               pstrdup(NameStr(*DatumGetName(Value(row, kColumnName, desc)))),
               Text(row, kColumnTransformation, desc)};
    profile->columns = lappend(profile->columns, column);
  });
  return profile;
}

List* ProfileNames() {
  ProfileTables const tables = FindTables();
  if (!OidIsValid(tables.profile)) return NIL;
  List* names = NIL;
  ForEachRow(tables.profile, tables.profile_key, nullptr, [&](HeapTuple row, TupleDesc desc) {
    names = lappend(names, makeString(Text(row, kName, desc)));
  });
  return names;
}

}  // namespace phisync::profiles
