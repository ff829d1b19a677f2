#include "sync/servable.h"

#include "pg/text.h"
#include "sync/masking.h"
#include "sync/sensitivity.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

const char* ColumnName(Relation table, AttrNumber column) {
  return NameStr(TupleDescAttr(RelationGetDescr(table), column - 1)->attname);
}

const char* PartName(const Exposure& exposure) {
  switch (exposure.part) {
    case Exposure::Part::kId:
      return "output id";
    case Exposure::Part::kParameter:
      return psprintf("bucket parameter \"%s\"", exposure.parameter);
    default:
      return "primary key";
  }
}

// The profile's transformation of the column, as it is written.
const char* TransformationOf(Relation table, AttrNumber column, const char* profile) {
  const std::vector<profiles::Treatment> treatments =
      profiles::TreatmentsOf(profiles::Require(profile), RelationGetRelid(table));
  const std::string text = Format(treatments[static_cast<std::size_t>(column) - 1].transform);
  return pg::Call([&] { return static_cast<const char*>(pstrdup(text.c_str())); });
}

[[noreturn]] void RefuseExposure(Relation table, const Exposure& exposure, const ColumnFates& fates,
                                 const char* profile) {
  const char* const part = PartName(exposure);
  const char* const column = ColumnName(table, exposure.column);
  const char* const transformation = TransformationOf(table, exposure.column, profile);
  if (bms_is_member(exposure.column, fates.masked)) {
    bool const coded = bms_is_member(exposure.column, fates.coded);
    bool const parameter = exposure.part == Exposure::Part::kParameter;
    ereport(
        ERROR,
        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
         errmsg("the %s would be made of column \"%s\" of table \"%s\", of which profile \"%s\" "
                "gives %s",
                part, column, RelationGetRelationName(table), profile, transformation),
         parameter ? errdetail("Users are matched with buckets by the values as they are.")
         : coded   ? errdetail("A computed id would be made of the values as they are.")
                   : errdetail("Different rows could have the same value after it."),
         parameter || !coded
             ? errhint("Use a column that means nothing outside the database%s.",
                       parameter ? "" : ", or a profile that gives pseudonym or keep of it")
             : errhint("Select the column itself AS id.")));
  }
  bool const unclassified = bms_is_member(exposure.column, fates.unclassified);
  ereport(
      ERROR,
      (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
       errmsg("the %s would carry column \"%s\" of table \"%s\", which is PHI that profile \"%s\" "
              "withholds",
              part, column, RelationGetRelationName(table), profile),
       unclassified
           ? errdetail("The column has no tag in a table that holds PHI, and counts as PHI until "
                       "somebody has "
                       "looked. Ids, bucket ids and keys are in every record.")
           : errdetail("Ids, bucket ids and keys are in every record and cannot be left out."),
       unclassified
           ? errhint("If it means nothing outside the database: SELECT phisync.tag('%s', '%s', "
                     "'none');",
                     QualifiedName(table), column)
           : errhint(
                 "Use a surrogate key that means nothing outside the database, or a profile that "
                 "grants the column.")));
  pg_unreachable();
}

[[noreturn]] void RefuseUnsayable(Relation table, const CompiledOutput* output,
                                  const ColumnFates& fates, const char* profile) {
  Bitmapset* const masked = bms_intersect(output->reads, fates.masked);
  auto const column = static_cast<AttrNumber>(bms_next_member(masked, -1));
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("output \"%s\" is computed from column \"%s\" of table \"%s\", of which profile "
                  "\"%s\" gives %s",
                  output->key, ColumnName(table, column), RelationGetRelationName(table), profile,
                  TransformationOf(table, column, profile)),
           errdetail("Computed from the values as they are, it could say more than these may."),
           errhint("Select the column itself, or leave the output out.")));
  pg_unreachable();
}

// Raises 55000 if the profile needs a key, for one of the columns, that is not to be had.
void RequireKeys(Oid relation, Bitmapset* columns, const char* profile) {
  const std::vector<profiles::Treatment> treatments =
      profiles::TreatmentsOf(profiles::Require(profile), relation);
  for (int i = -1; (i = bms_next_member(columns, i)) >= 0;) {
    RequireKey(treatments[static_cast<std::size_t>(i) - 1].transform);
  }
}

void RequireSayable(Relation table, const char* profile, const CompiledQuery* query,
                    Bitmapset* key) {
  Oid const oid = RelationGetRelid(table);
  ColumnFates const fates = FatesUnder(profile, oid);
  Exposure const exposure = FindExposure(fates, query, key);
  if (exposure.part != Exposure::Part::kNone) RefuseExposure(table, exposure, fates, profile);
  Bitmapset* sent = bms_copy(key);
  ListCell* cell;
  foreach (cell, query->outputs) {
    const auto* const output = static_cast<CompiledOutput*>(lfirst(cell));
    if (FateOf(fates, output) == Fate::kUnsayable) RefuseUnsayable(table, output, fates, profile);
    if (output->attnum != 0) sent = bms_add_member(sent, output->attnum);
  }
  RequireKeys(oid, bms_intersect(sent, fates.masked), profile);
}

}  // namespace

const CompiledQuery* RequireServable(Relation table, const char* text, List* parameter_names,
                                     const char* profile) {
  Bitmapset* const key = AsSet(RequirePrimaryKey(table));
  const CompiledQuery* const query = CompileQuery(table, table, text, parameter_names, key);

  Bitmapset* deciding = bms_union(key, query->filter_reads);
  deciding = bms_add_members(deciding, FatesUnder(profile, RelationGetRelid(table)).row_codes);
  ListCell* cell;
  foreach (cell, query->parameters) {
    deciding = bms_add_members(deciding, static_cast<CompiledParameter*>(lfirst(cell))->reads);
  }
  List* const tables = TablesOfRows(table, AccessShareLock);
  RequireReplicaIdentity(table, tables, deciding);
  RequireSayable(table, profile, query, key);
  foreach (cell, tables) {
    if (lfirst_oid(cell) == RelationGetRelid(table)) continue;
    Relation const partition = table_open(lfirst_oid(cell), NoLock);
    RequireSamePrimaryKey(partition, table);
    Bitmapset* const own_key = AsSet(PrimaryKey(partition));
    RequireSayable(partition, profile,
                   CompileQuery(partition, table, text, parameter_names, own_key), own_key);
    table_close(partition, NoLock);
  }
  return query;
}

}  // namespace phisync::sync

// (relation regclass, query text, parameter_names text[], profile text), strict
PHISYNC_FUNCTION(phisync_check_bucket_query) {
  using namespace phisync::sync;
  const char* const profile = text_to_cstring(PG_GETARG_TEXT_PP(3));
  (void)phisync::profiles::Require(profile);
  ArrayType* const array = PG_GETARG_ARRAYTYPE_P(2);
  if (array_contains_nulls(array)) {
    ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a parameter name is null"));
  }
  Datum* names;
  bool* nulls;
  int n;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
  List* parameter_names = NIL;
  for (int i = 0; i < n; i++) {
    parameter_names = lappend(parameter_names, makeString(TextDatumGetCString(names[i])));
  }
  Relation const table = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
  if (table == nullptr) {
    ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the table does not exist"));
  }
  RequireServable(table, text_to_cstring(PG_GETARG_TEXT_PP(1)), parameter_names, profile);
  table_close(table, AccessShareLock);
  PG_RETURN_VOID();
}
