#include "profiles/stored.h"

#include "pg/past_index.h"
#include "pg/row_values.h"

namespace phisync::profiles {
namespace {

// Columns of the tables, in the order of extension/13_profiles.sql.
enum ProfileColumn { kName = 1, kBasedOn, kConsents, kScope, kConfidentiality };
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
    *profile = {pg::RowText(row, kName, desc),
                pg::RowText(row, kBasedOn, desc),
                pg::TextList(pg::RowValue(row, kConsents, desc)),
                unset ? nullptr : TextDatumGetCString(scope),
                pg::RowText(row, kConfidentiality, desc),
                NIL,
                NIL};
  });
  if (profile == nullptr) return nullptr;
  ForEachRow(tables.rule, tables.rule_key, name, [&](HeapTuple row, TupleDesc desc) {
    auto* const rule = static_cast<StoredRule*>(palloc(sizeof(StoredRule)));
    *rule = {pg::RowText(row, kRuleClass, desc), pg::RowText(row, kRuleTransformation, desc)};
    profile->rules = lappend(profile->rules, rule);
  });
  ForEachRow(tables.column, tables.column_key, name, [&](HeapTuple row, TupleDesc desc) {
    auto* const column = static_cast<StoredColumn*>(palloc(sizeof(StoredColumn)));
    *column = {DatumGetObjectId(pg::RowValue(row, kColumnRelation, desc)),
               pstrdup(NameStr(*DatumGetName(pg::RowValue(row, kColumnName, desc)))),
               pg::RowText(row, kColumnTransformation, desc)};
    profile->columns = lappend(profile->columns, column);
  });
  return profile;
}

List* ProfileNames() {
  ProfileTables const tables = FindTables();
  if (!OidIsValid(tables.profile)) return NIL;
  List* names = NIL;
  ForEachRow(tables.profile, tables.profile_key, nullptr, [&](HeapTuple row, TupleDesc desc) {
    names = lappend(names, makeString(pg::RowText(row, kName, desc)));
  });
  return names;
}

}  // namespace phisync::profiles
