#include "sync/servable.h"

#include "pg/text.h"
#include "sync/sensitivity.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

const char* ColumnName(Relation table, AttrNumber column) {
  return NameStr(TupleDescAttr(RelationGetDescr(table), column - 1)->attname);
}

[[noreturn]] void RefuseExposure(Relation table, const Exposure& exposure, const Profile& profile) {
  const char* part = "primary key";
  if (exposure.part == Exposure::Part::kId) part = "output id";
  if (exposure.part == Exposure::Part::kParameter) {
    part = psprintf("bucket parameter \"%s\"", exposure.parameter);
  }
  const char* const column = ColumnName(table, exposure.column);
  bool const unclassified = IsUnclassified(RelationGetRelid(table), exposure.column);
  ereport(
      ERROR,
      (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
       errmsg("the %s would carry column \"%s\" of table \"%s\", which is PHI that profile \"%s\" "
              "withholds",
              part, column, RelationGetRelationName(table),
              pnstrdup(profile.name.data(), profile.name.size())),
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

void RequireUnexposed(Relation table, const Profile& profile, const CompiledQuery* query,
                      Bitmapset* key) {
  const Exposure exposure = FindExposure(profile, PhiColumns(RelationGetRelid(table)), query, key);
  if (exposure.part != Exposure::Part::kNone) RefuseExposure(table, exposure, profile);
}

}  // namespace

const CompiledQuery* RequireServable(Relation table, const char* text, List* parameter_names,
                                     const Profile& profile) {
  Bitmapset* const key = AsSet(RequirePrimaryKey(table));
  const CompiledQuery* const query = CompileQuery(table, table, text, parameter_names, key);

  Bitmapset* deciding = bms_union(key, query->filter_reads);
  ListCell* cell;
  foreach (cell, query->parameters) {
    deciding = bms_add_members(deciding, static_cast<CompiledParameter*>(lfirst(cell))->reads);
  }
  List* const tables = TablesOfRows(table, AccessShareLock);
  RequireReplicaIdentity(table, tables, deciding);
  RequireUnexposed(table, profile, query, key);
  foreach (cell, tables) {
    if (lfirst_oid(cell) == RelationGetRelid(table)) continue;
    Relation const partition = table_open(lfirst_oid(cell), NoLock);
    RequireSamePrimaryKey(partition, table);
    Bitmapset* const own_key = AsSet(PrimaryKey(partition));
    RequireUnexposed(partition, profile,
                     CompileQuery(partition, table, text, parameter_names, own_key), own_key);
    table_close(partition, NoLock);
  }
  return query;
}

}  // namespace phisync::sync

// (relation regclass, query text, parameter_names text[], profile text), strict
PHISYNC_FUNCTION(phisync_check_bucket_query) {
  using namespace phisync::sync;
  const phisync::Profile& profile = phisync::ParseProfile(phisync::pg::View(PG_GETARG_TEXT_PP(3)));
  Datum* names;
  bool* nulls;
  int n;
  deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
  List* parameter_names = NIL;
  for (int i = 0; i < n; i++) {
    parameter_names = lappend(parameter_names, makeString(TextDatumGetCString(names[i])));
  }
  Relation const table = table_open(PG_GETARG_OID(0), AccessShareLock);
  RequireServable(table, text_to_cstring(PG_GETARG_TEXT_PP(1)), parameter_names, profile);
  table_close(table, AccessShareLock);
  PG_RETURN_VOID();
}
