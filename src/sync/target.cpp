#include "sync/target.h"

namespace phisync::sync {
namespace {

[[noreturn]] void RefuseTable(Oid relation, const char* what, const char* detail,
                              const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                  errmsg("a data query cannot select from %s \"%s\"", what, get_rel_name(relation)),
                  errdetail_internal("%s", detail), errhint("%s", hint)));
  pg_unreachable();
}

// Runs before the lock is taken, so that nobody can lock what he may not sync.
void CheckTarget(const RangeVar*, Oid relation, Oid, void*) {
  constexpr const char* kNoRows =
      "Changes are decoded from the log, row by row, under the table they were made in.";
  constexpr const char* kItsTables = "Select from the tables behind it.";
  if (!OidIsValid(relation)) return;
  if (IsCatalogRelationOid(relation) || relation < FirstNormalObjectId) {
    RefuseTable(relation, "the system catalog",
                "It describes the database and holds no data of its users.",
                "Select from a table of your own.");
  }
  if (get_rel_namespace(relation) == get_namespace_oid("phisync", false)) {
    RefuseTable(relation, "the phisync table or view", "What phisync keeps is not synced as data.",
                "Select from a table of your own.");
  }
  switch (get_rel_relkind(relation)) {
    case RELKIND_RELATION:
      break;
    case RELKIND_VIEW:
      RefuseTable(relation, "the view", kNoRows, kItsTables);
    case RELKIND_MATVIEW:
      RefuseTable(relation, "the materialized view", kNoRows, kItsTables);
    case RELKIND_FOREIGN_TABLE:
      RefuseTable(relation, "the foreign table",
                  "Its rows are kept, and their changes logged, elsewhere.",
                  "Define the bucket in the database that holds the rows.");
    case RELKIND_PARTITIONED_TABLE:
      RefuseTable(relation, "the partitioned table", "Its changes are logged under its partitions.",
                  "Give each partition a data query of its own, with the same alias.");
    default:
      RefuseTable(relation, "the relation", "It is not a table.", "Select from a table.");
  }
  switch (get_rel_persistence(relation)) {
    case RELPERSISTENCE_TEMP:
      RefuseTable(relation, "the temporary table", "Its changes are not logged.",
                  "Use a permanent table.");
    case RELPERSISTENCE_UNLOGGED:
      RefuseTable(
          relation, "the unlogged table", "Its changes are not logged.",
          psprintf("ALTER TABLE %s SET LOGGED;",
                   quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                              get_rel_name(relation))));
    default:
      break;
  }
  if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK) {
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("permission denied for table \"%s\"", get_rel_name(relation)),
             errdetail("A bucket gives its consumers what its definer may read."),
             errhint("GRANT SELECT ON %s TO %s;",
                     quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                                get_rel_name(relation)),
                     quote_identifier(GetUserNameFromId(GetUserId(), false)))));
  }
  // The log holds all rows, whatever the definer's policies would show.
  if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED) {
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("row-level security hides rows of table \"%s\"", get_rel_name(relation)),
             errdetail("A bucket gives its consumers what its definer may read, and all rows are "
                       "decoded."),
             errhint("Let the table's owner or a role with BYPASSRLS define the bucket.")));
  }
}

}  // namespace

const char* QualifiedName(Relation table) {
  return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
                                    RelationGetRelationName(table));
}

Relation OpenTarget(const RangeVar* from) {
  Oid const oid = RangeVarGetRelidExtended(from, ShareRowExclusiveLock, 0, CheckTarget, nullptr);
  Relation const table = table_open(oid, NoLock);
  if (from->inh && has_subclass(oid) && find_inheritance_children(oid, AccessShareLock) != NIL) {
    RefuseTable(
        oid, "the inheritance parent",
        "Its children's rows are logged under the children, each of which would need a data query.",
        psprintf("Write FROM ONLY %s, and give each child a data query of its own.",
                 QualifiedName(table)));
  }
  return table;
}

List* RequirePrimaryKey(Relation table) {
  List* const key = PrimaryKey(table);
  if (key == NIL) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("table \"%s\" has no primary key that is not deferrable",
                           RelationGetRelationName(table)),
                    errdetail("A row is recognised on the device by its primary key."),
                    errhint("ALTER TABLE %s ADD PRIMARY KEY (...);", QualifiedName(table))));
  }
  return key;
}

void RequireReplicaIdentity(Relation table, Bitmapset* columns) {
  if (table->rd_rel->relreplident == REPLICA_IDENTITY_FULL) return;
  Bitmapset* const identity = RelationGetIndexAttrBitmap(table, INDEX_ATTR_BITMAP_IDENTITY_KEY);
  StringInfoData missing;
  initStringInfo(&missing);
  for (int i = -1; (i = bms_next_member(columns, i)) >= 0;) {
    if (bms_is_member(i - FirstLowInvalidHeapAttributeNumber, identity)) continue;
    appendStringInfo(&missing, "%s\"%s\"", missing.len > 0 ? ", " : "",
                     NameStr(TupleDescAttr(RelationGetDescr(table), i - 1)->attname));
  }
  if (missing.len == 0) return;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("the replica identity of table \"%s\" lacks columns that decide about buckets",
                  RelationGetRelationName(table)),
           errdetail("When a row is changed or deleted, the old values of %s are not logged, so "
                     "that it could "
                     "not be taken out of the buckets it was in.",
                     missing.data),
           errhint("ALTER TABLE %s REPLICA IDENTITY FULL;", QualifiedName(table))));
}

void InvalidateTarget(Oid table) {
  LockRelationOid(table, ShareRowExclusiveLock);
  if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table))) CacheInvalidateRelcacheByRelid(table);
}

}  // namespace phisync::sync
