// phisync.follow_drop: a table or column that a data query names is dropped only with CASCADE, and
// then the data query goes, too; keys and replica identities that queries need are not dropped at
// all.

#include <cstring>

#include "pg/boundary.h"
#include "sync/ddl.h"
#include "sync/ddl_tags.h"
#include "sync/policy.h"
#include "sync/query.h"
#include "sync/stored_parameters.h"

namespace phisync::sync {
namespace {

struct DroppedColumn {
  Oid relation;
  const char* name;
};

struct Dropped {
  List* tables;       // OIDs
  List* table_names;  // char*, schema-qualified, one a table
  List* columns;      // DroppedColumn
  List* indexes;      // OIDs
  List* parameters;   // char*, buckets whose parameters query went
};

// What the statement dropped, as the server collected it.
Dropped ReadDropped() {
  MemoryContext const memory = CurrentMemoryContext;
  Dropped dropped{};
  SPI_connect();
  if (SPI_execute(
          "SELECT d.objid, d.object_type, d.object_identity, d.address_names[3], "
          "d.address_names[2] "
          "FROM pg_catalog.pg_event_trigger_dropped_objects() d "
          "WHERE d.classid OPERATOR(pg_catalog.=) "
          "'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND NOT d.is_temporary "
          "AND d.object_type OPERATOR(pg_catalog.=) ANY ('{table,table column,index}') "
          "OR d.object_type OPERATOR(pg_catalog.=) 'function' "
          "AND d.schema_name OPERATOR(pg_catalog.=) 'phisync_parameters'",
          true, 0) != SPI_OK_SELECT) {
    elog(ERROR, "could not read the dropped objects of an event trigger");
  }
  for (uint64 i = 0; i < SPI_processed; i++) {
    HeapTuple const row = SPI_tuptable->vals[i];
    bool isnull;
    Oid const oid = DatumGetObjectId(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull));
    const char* const type = SPI_getvalue(row, SPI_tuptable->tupdesc, 2);
    const char* const identity = SPI_getvalue(row, SPI_tuptable->tupdesc, 3);
    const char* const column = SPI_getvalue(row, SPI_tuptable->tupdesc, 4);
    MemoryContext const inner = MemoryContextSwitchTo(memory);
    if (std::strcmp(type, "table") == 0) {
      dropped.tables = lappend_oid(dropped.tables, oid);
      dropped.table_names = lappend(dropped.table_names, pstrdup(identity));
    } else if (std::strcmp(type, "index") == 0) {
      dropped.indexes = lappend_oid(dropped.indexes, oid);
    } else if (std::strcmp(type, "function") == 0) {
      dropped.parameters = lappend(dropped.parameters, SPI_getvalue(row, SPI_tuptable->tupdesc, 5));
    } else {
      auto* const d = static_cast<DroppedColumn*>(palloc(sizeof(DroppedColumn)));
      *d = {oid, pstrdup(column)};
      dropped.columns = lappend(dropped.columns, d);
    }
    MemoryContextSwitchTo(inner);
  }
  SPI_finish();
  return dropped;
}

bool IsCascade(const Node* statement) {
  if (IsA(statement, DropStmt)) return castNode(DropStmt, statement)->behavior == DROP_CASCADE;
  if (IsA(statement, DropOwnedStmt)) {
    return castNode(DropOwnedStmt, statement)->behavior == DROP_CASCADE;
  }
  if (!IsA(statement, AlterTableStmt)) return false;
  ListCell* cell;
  foreach (cell, castNode(AlterTableStmt, statement)->cmds) {
    const auto* const command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype == AT_DropColumn && command->behavior == DROP_CASCADE) return true;
  }
  return false;
}

bool SameQuery(const DefinedQuery* a, const DefinedQuery* b) {
  return a->ordinal == b->ordinal && std::strcmp(a->of->name, b->of->name) == 0;
}

bool Contains(List* queries, const DefinedQuery* query) {
  ListCell* cell;
  foreach (cell, queries) {
    if (SameQuery(static_cast<DefinedQuery*>(lfirst(cell)), query)) return true;
  }
  return false;
}

// Removes the query for good, unless the statement has no CASCADE.
List* Remove(List* removed, DefinedQuery* query, const Node* statement, const char* what) {
  if (Contains(removed, query)) return removed;
  if (!IsCascade(statement)) {
    ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                    errmsg("cannot drop %s because bucket \"%s\" needs it", what, query->of->name),
                    errdetail("Data query %d of the bucket names it.", query->ordinal),
                    errhint("Use CASCADE to drop the data query, too, or change the bucket by "
                            "phisync.alter_bucket or phisync.drop_bucket first.")));
  }
  DeleteQuery(query);
  if (QueriesOf(query->of) == NIL) {
    DeleteBucket(query->of->name);
    ereport(NOTICE, (errmsg("drop cascades to bucket \"%s\"", query->of->name)));
  } else {
    ereport(NOTICE, (errmsg("drop cascades to data query %d of bucket \"%s\"", query->ordinal,
                            query->of->name)));
  }
  return lappend(removed, query);
}

List* RemoveQueriesOfTables(const Dropped& dropped, const Node* statement) {
  List* removed = NIL;
  ListCell* table;
  ListCell* name;
  forboth(table, dropped.tables, name, dropped.table_names) {
    const char* const what = psprintf("table %s", static_cast<char*>(lfirst(name)));
    ListCell* cell;
    foreach (cell, QueriesOn(lfirst_oid(table))) {
      removed = Remove(removed, static_cast<DefinedQuery*>(lfirst(cell)), statement, what);
    }
  }
  return removed;
}

// The tables that held partitions which are gone, without those that are gone themselves.
List* ParentsOfDropped(const Dropped& dropped) {
  List* parents = NIL;
  pg::PushSnapshotBefore();
  ListCell* cell;
  foreach (cell, dropped.tables) {
    parents = list_concat_unique_oid(parents, Ancestors(lfirst_oid(cell), GetActiveSnapshot()));
  }
  pg::PopSnapshotBefore();
  return list_difference_oid(parents, dropped.tables);
}

void FollowTables(const Dropped& dropped, const Node* statement) {
  List* const removed = RemoveQueriesOfTables(dropped, statement);
  RecordPolicyChange("table dropped", NIL, ClearsOf(removed, "drop"));
  List* const parents = ParentsOfDropped(dropped);
  List* const emptied = QueriesOnAny(parents);
  RecordPolicyChange("partition dropped",
                     list_union(BucketNames(emptied), BucketsWithParametersOn(parents)),
                     ClearsOf(emptied, "drop"));
}

void FollowColumns(const Dropped& dropped, const Node* statement) {
  List* removed = NIL;
  List* changed = NIL;
  ListCell* cell;
  foreach (cell, dropped.columns) {
    const auto* const column = static_cast<DroppedColumn*>(lfirst(cell));
    ListCell* item;
    foreach (item, QueriesOn(column->relation)) {
      auto* const query = static_cast<DefinedQuery*>(lfirst(item));
      if (NamesColumn(query, column->name)) {
        removed = Remove(removed, query, statement,
                         psprintf("column \"%s\" of table \"%s\"", column->name,
                                  get_rel_name(column->relation)));
        InvalidateTree(column->relation);
      } else {
        if (TakesAllColumns(query->text)) changed = lappend(changed, query);
      }
    }
  }
  RecordPolicyChange("column dropped", BucketNames(changed), ClearsOf(removed, "drop"));
  List* tables = NIL;
  foreach (cell, dropped.columns) {
    tables = list_append_unique_oid(tables, static_cast<DroppedColumn*>(lfirst(cell))->relation);
  }
  foreach (cell, tables) FollowDroppedLabels(lfirst_oid(cell));
}

// An index that is gone, as the active snapshot shows it.
struct DroppedIndex {
  Oid table;  // InvalidOid: gone as well
  bool primary;
  bool identity;
};

DroppedIndex ReadIndex(Oid index) {
  DroppedIndex dropped{InvalidOid, false, false};
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_index_indexrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(index));
  Relation const indexes = table_open(IndexRelationId, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(indexes, IndexRelidIndexId, true, GetActiveSnapshot(), 1, &key);
  HeapTuple const row = systable_getnext(scan);
  if (HeapTupleIsValid(row)) {
    const auto* const form = reinterpret_cast<Form_pg_index>(GETSTRUCT(row));
    dropped = {form->indrelid, form->indisprimary, form->indisreplident};
  }
  systable_endscan(scan);
  table_close(indexes, AccessShareLock);
  if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(dropped.table))) dropped.table = InvalidOid;
  return dropped;
}

// A primary key may be the replica identity, too; another one gives rows other subkeys.
void FollowIndexes(const Dropped& dropped) {
  List* tables = NIL;
  List* rekeyed = NIL;
  pg::PushSnapshotBefore();
  ListCell* cell;
  foreach (cell, dropped.indexes) {
    const DroppedIndex index = ReadIndex(lfirst_oid(cell));
    if (!OidIsValid(index.table) || !(index.primary || index.identity)) continue;
    tables = list_append_unique_oid(tables, index.table);
    if (index.primary) rekeyed = list_append_unique_oid(rekeyed, index.table);
  }
  pg::PopSnapshotBefore();
  foreach (cell, tables) {
    Oid const table = lfirst_oid(cell);
    ListCell* query;
    foreach (query, QueriesOnAny(lcons_oid(table, Ancestors(table, nullptr)))) {
      RequireStillServable(table, static_cast<DefinedQuery*>(lfirst(query)),
                           {.primary_key = list_member_oid(rekeyed, table), .identity = true});
    }
  }
  RecordPolicyChange("primary key changed", BucketNames(QueriesOnAny(rekeyed)), NIL);
}

// Without its parameters query a bucket is nobody's.
void FollowParameters(const Dropped& dropped, const Node* statement) {
  ListCell* cell;
  foreach (cell, dropped.parameters) {
    const char* const name = static_cast<char*>(lfirst(cell));
    const DefinedBucket* const bucket = FindBucket(name);
    // Not where phisync itself dropped it.
    if (bucket == nullptr || bucket->parameters == nullptr) continue;
    if (!IsCascade(statement)) {
      ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                      errmsg("cannot drop the parameters query of bucket \"%s\"", name),
                      errdetail("It says which users get the bucket."),
                      errhint("Use phisync.alter_bucket or phisync.drop_bucket.")));
    }
    List* const clears = ClearsOf(QueriesOf(bucket), "policy");
    DeleteBucket(name);
    CacheInvalidateRelcacheAll();
    ereport(NOTICE, (errmsg("drop cascades to bucket \"%s\"", name)));
    RecordPolicyChange("bucket dropped", NIL, clears);
  }
}

void Follow(const Node* statement) {
  if (!AnyQuery()) return;
  const Dropped dropped = ReadDropped();
  if (dropped.tables != NIL) FollowTables(dropped, statement);
  if (dropped.columns != NIL) FollowColumns(dropped, statement);
  if (dropped.indexes != NIL) FollowIndexes(dropped);
  FollowParameters(dropped, statement);
}

// DROP INDEX CONCURRENTLY has committed before sql_drop that the index is no replica identity.
void RequireNoIdentity(Oid index) {
  HeapTuple const row = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(row)) return;
  const auto* const form = reinterpret_cast<Form_pg_index>(GETSTRUCT(row));
  Oid const table = form->indisreplident ? form->indrelid : InvalidOid;
  ReleaseSysCache(row);
  if (!OidIsValid(table)) return;
  List* const queries = QueriesOnAny(lcons_oid(table, Ancestors(table, nullptr)));
  if (queries == NIL) return;
  const auto* const query = static_cast<DefinedQuery*>(linitial(queries));
  ereport(
      ERROR,
      (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
       errmsg("cannot drop index \"%s\" concurrently because bucket \"%s\" needs it as replica "
              "identity",
              get_rel_name(index), query->of->name),
       errdetail("When a row is changed or deleted, its old values say which buckets it was in."),
       errhint("Give table \"%s\" another replica identity first.", get_rel_name(table))));
}

void GuardDrop(const Node* statement) {
  if (!IsA(statement, DropStmt) || !castNode(DropStmt, statement)->concurrent || !AnyQuery())
    return;
  ListCell* cell;
  foreach (cell, castNode(DropStmt, statement)->objects) {
    const RangeVar* const name = makeRangeVarFromNameList(lfirst_node(List, cell));
    Oid const index = RangeVarGetRelid(name, NoLock, true);
    if (OidIsValid(index)) RequireNoIdentity(index);
  }
}

}  // namespace
}  // namespace phisync::sync

// Event trigger on sql_drop
PHISYNC_FUNCTION(phisync_follow_drop) {
  phisync::pg::RequireEventTrigger(fcinfo, "phisync.follow_drop");
  phisync::sync::Follow(reinterpret_cast<EventTriggerData*>(fcinfo->context)->parsetree);
  return Datum{0};
}

// Event trigger on ddl_command_start
PHISYNC_FUNCTION(phisync_guard_drop) {
  phisync::pg::RequireEventTrigger(fcinfo, "phisync.guard_drop");
  phisync::sync::GuardDrop(reinterpret_cast<EventTriggerData*>(fcinfo->context)->parsetree);
  return Datum{0};
}
