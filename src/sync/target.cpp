#include "sync/target.h"

#include "sync/defined.h"

namespace phisync::sync {
namespace {

[[noreturn]] void RefuseTable(Oid relation, const char* what, const char* detail,
                              const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                  errmsg("a data query cannot select from %s \"%s\"", what, get_rel_name(relation)),
                  errdetail_internal("%s", detail), errhint("%s", hint)));
  pg_unreachable();
}

[[noreturn]] void RefusePartition(Relation table, Oid partition, const char* what,
                                  const char* detail, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                  errmsg("a data query cannot select from table \"%s\", whose partition \"%s\" %s",
                         RelationGetRelationName(table), get_rel_name(partition), what),
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
    case RELKIND_PARTITIONED_TABLE:
      break;
    case RELKIND_VIEW:
      RefuseTable(relation, "the view", kNoRows, kItsTables);
    case RELKIND_MATVIEW:
      RefuseTable(relation, "the materialized view", kNoRows, kItsTables);
    case RELKIND_FOREIGN_TABLE:
      RefuseTable(relation, "the foreign table",
                  "Its rows are kept, and their changes logged, elsewhere.",
                  "Define the bucket in the database that holds the rows.");
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

namespace {

Relation OpenLocked(Oid oid, const RangeVar* from) {
  Relation const table = table_open(oid, NoLock);
  if (table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE) {
    if (!from->inh) {
      RefuseTable(oid, "ONLY the partitioned table", "Its rows are in its partitions.",
                  "Leave ONLY out.");
    }
    TablesOfRows(table, ShareRowExclusiveLock);
  } else if (from->inh && has_subclass(oid) &&
             find_inheritance_children(oid, AccessShareLock) != NIL) {
    RefuseTable(
        oid, "the inheritance parent",
        "Its children's rows are logged under the children, each of which would need a data query.",
        psprintf("Write FROM ONLY %s, and give each child a data query of its own.",
                 QualifiedName(table)));
  }
  return table;
}

}  // namespace

Relation OpenTarget(const RangeVar* from) {
  return OpenLocked(RangeVarGetRelidExtended(from, ShareRowExclusiveLock, 0, CheckTarget, nullptr),
                    from);
}

Relation OpenStoredTarget(Oid table, const RangeVar* from) {
  if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table))) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("the table \"%s\" of a data query was dropped", from->relname),
                    errdetail("Its OID was %u.", table), errhint("Give data => new queries.")));
  }
  CheckTarget(from, table, InvalidOid, nullptr);
  LockRelationOid(table, ShareRowExclusiveLock);
  return OpenLocked(table, from);
}

List* TablesOfRows(Relation table, LOCKMODE mode) {
  if (table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) {
    return list_make1_oid(RelationGetRelid(table));
  }
  List* leaves = NIL;
  ListCell* cell;
  foreach (cell, find_all_inheritors(RelationGetRelid(table), mode, nullptr)) {
    Oid const oid = lfirst_oid(cell);
    char const kind = get_rel_relkind(oid);
    if (kind == RELKIND_PARTITIONED_TABLE) continue;
    const char* const name =
        quote_qualified_identifier(get_namespace_name(get_rel_namespace(oid)), get_rel_name(oid));
    if (kind == RELKIND_FOREIGN_TABLE) {
      RefusePartition(table, oid, "is a foreign table",
                      "Its rows are kept, and their changes logged, elsewhere.",
                      "Give the other partitions data queries of their own, with the same alias.");
    }
    if (get_rel_persistence(oid) != RELPERSISTENCE_PERMANENT) {
      RefusePartition(table, oid, "is unlogged", "Its changes are not logged.",
                      psprintf("ALTER TABLE %s SET LOGGED;", name));
    }
    leaves = lappend_oid(leaves, oid);
  }
  return leaves;
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

void RequireSamePrimaryKey(Relation partition, Relation table) {
  List* const key = PrimaryKey(partition);
  List* const expected = PrimaryKey(table);
  bool same = list_length(key) == list_length(expected);
  ListCell* a;
  ListCell* b;
  forboth(a, key, b, expected) {
    same = same &&
           namestrcmp(
               &TupleDescAttr(RelationGetDescr(partition), lfirst_int(a) - 1)->attname,
               NameStr(TupleDescAttr(RelationGetDescr(table), lfirst_int(b) - 1)->attname)) == 0;
  }
  if (same) return;
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
           errmsg("partition \"%s\" has another primary key than table \"%s\"",
                  RelationGetRelationName(partition), RelationGetRelationName(table)),
           errdetail("A row is recognised on the device by its primary key, also after it moved."),
           errhint("Give it the primary key of %s.", QualifiedName(table))));
}

Bitmapset* SameColumns(Relation from, Bitmapset* columns, Relation to) {
  if (from == to) return columns;
  Bitmapset* same = nullptr;
  for (int i = -1; (i = bms_next_member(columns, i)) >= 0;) {
    AttrNumber const attnum = get_attnum(
        RelationGetRelid(to), NameStr(TupleDescAttr(RelationGetDescr(from), i - 1)->attname));
    if (attnum != InvalidAttrNumber) same = bms_add_member(same, attnum);
  }
  return same;
}

const char* MissingFromIdentity(Relation table, Bitmapset* columns) {
  if (table->rd_rel->relreplident == REPLICA_IDENTITY_FULL) return nullptr;
  Bitmapset* const identity = RelationGetIndexAttrBitmap(table, INDEX_ATTR_BITMAP_IDENTITY_KEY);
  StringInfoData missing;
  initStringInfo(&missing);
  for (int i = -1; (i = bms_next_member(columns, i)) >= 0;) {
    if (bms_is_member(i - FirstLowInvalidHeapAttributeNumber, identity)) continue;
    appendStringInfo(&missing, "%s\"%s\"", missing.len > 0 ? ", " : "",
                     NameStr(TupleDescAttr(RelationGetDescr(table), i - 1)->attname));
  }
  return missing.len == 0 ? nullptr : missing.data;
}

void RequireReplicaIdentity(Relation table, List* tables, Bitmapset* columns) {
  constexpr int kShown = 10;
  const char* missing = nullptr;
  const char* first = nullptr;
  int weak = 0;
  StringInfoData remedy;
  initStringInfo(&remedy);
  ListCell* cell;
  foreach (cell, tables) {
    Relation const rows = table_open(lfirst_oid(cell), NoLock);
    const char* const lacks = MissingFromIdentity(rows, SameColumns(table, columns, rows));
    if (lacks != nullptr) {
      if (weak++ < kShown) {
        appendStringInfo(&remedy, "%sALTER TABLE %s REPLICA IDENTITY FULL;", weak > 1 ? " " : "",
                         QualifiedName(rows));
      }
      if (missing == nullptr) {
        missing = lacks;
        first = pstrdup(RelationGetRelationName(rows));
      }
    }
    table_close(rows, NoLock);
  }
  if (missing == nullptr) return;
  if (weak > kShown) {
    appendStringInfo(&remedy, " And so on for %d more partitions.", weak - kShown);
  }
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("the replica identity of table \"%s\" lacks columns that decide about buckets",
                  first),
           errdetail("When a row is changed or deleted, the old values of %s are not logged, so "
                     "that it could "
                     "not be taken out of the buckets it was in.",
                     missing),
           errhint("%s", remedy.data)));
}

void InvalidateTargets(List* queries) {
  // In one order for all definers, so that two of them do not wait for each other.
  List* tables = NIL;
  ListCell* cell;
  foreach (cell, queries) {
    tables = list_append_unique_oid(tables, static_cast<DefinedQuery*>(lfirst(cell))->relation);
  }
  list_sort(tables, list_oid_cmp);
  foreach (cell, tables) {
    Oid const table = lfirst_oid(cell);
    LockRelationOid(table, ShareRowExclusiveLock);
    if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table))) continue;
    List* const members = get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE
                              ? find_all_inheritors(table, ShareRowExclusiveLock, nullptr)
                              : list_make1_oid(table);
    ListCell* member;
    foreach (member, members) CacheInvalidateRelcacheByRelid(lfirst_oid(member));
  }
}

}  // namespace phisync::sync
