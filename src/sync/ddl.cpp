#include "sync/ddl.h"

#include <cstring>

#include "pg/boundary.h"
#include "sync/owner.h"
#include "sync/parameters.h"
#include "sync/query.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

void AddQuery(void* arg) {
  const auto* const query = static_cast<DefinitionErrors*>(arg)->query;
  errcontext("data query %d of bucket \"%s\", which this statement would break", query->ordinal,
             query->of->name);
}

[[noreturn]] void RefuseStatement(const DefinedQuery* query, const char* message,
                                  const char* detail) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg_internal("%s", message),
                  errdetail_internal("%s", detail),
                  errhint("Change or drop the bucket first: SELECT phisync.drop_bucket('%s');",
                          query->of->name)));
  pg_unreachable();
}

Bitmapset* DecidingColumns(const CompiledQuery* query, Bitmapset* key) {
  Bitmapset* deciding = bms_union(key, query->filter_reads);
  ListCell* cell;
  foreach (cell, query->parameters) {
    deciding = bms_add_members(deciding, static_cast<CompiledParameter*>(lfirst(cell))->reads);
  }
  return deciding;
}

const CompiledQuery* Compile(Relation table, const DefinedQuery* query, Bitmapset* key) {
  Relation const defined_on = table_open(query->relation, AccessShareLock);
  const CompiledQuery* const compiled =
      CompileQuery(table, defined_on, query->text, query->of->parameter_names, key);
  table_close(defined_on, NoLock);
  return compiled;
}

// Bucket ids hold the values of bound columns: those that are out there must still be right.
void RequireSameIds(Relation table, const CompiledQuery* query, const DefinedQuery* definition,
                    const char* column) {
  AttrNumber const attnum = get_attnum(RelationGetRelid(table), column);
  bool bound = false;
  ListCell* cell;
  foreach (cell, query->parameters) {
    bound |= bms_is_member(attnum, static_cast<CompiledParameter*>(lfirst(cell))->reads);
  }
  if (!bound) return;
  Form_pg_attribute const now = TupleDescAttr(RelationGetDescr(table), attnum - 1);
  pg::PushSnapshotBefore();
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(RelationGetRelid(table)));
  ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber, F_INT2EQ,
              Int16GetDatum(attnum));
  Relation const attributes = table_open(AttributeRelationId, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(attributes, AttributeRelidNumIndexId, true, GetActiveSnapshot(), 2, keys);
  HeapTuple const row = systable_getnext(scan);
  bool same = true;
  if (HeapTupleIsValid(row)) {
    const auto* const before = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(row));
    same = SameIdForm(before->atttypid, before->atttypmod, now->atttypid, now->atttypmod);
  }
  systable_endscan(scan);
  table_close(attributes, AccessShareLock);
  pg::PopSnapshotBefore();
  if (!same) {
    RefuseStatement(definition,
                    psprintf("column \"%s\" of table \"%s\" is bound to a parameter of bucket "
                             "\"%s\" and cannot get type %s",
                             column, RelationGetRelationName(table), definition->of->name,
                             format_type_with_typemod(now->atttypid, now->atttypmod)),
                    "Bucket ids would be written in another way than users' parameters are.");
  }
}

int ByName(const ListCell* a, const ListCell* b) {
  return std::strcmp(strVal(lfirst(a)), strVal(lfirst(b)));
}

}  // namespace

List* SelectOids(const char* query, int n, const Oid* types, const Datum* values) {
  // In memory that outlives SPI_finish.
  MemoryContext const memory = CurrentMemoryContext;
  List* oids = NIL;
  SPI_connect();
  Execute(query, n, types, values, nullptr);
  for (uint64 i = 0; i < SPI_processed; i++) {
    bool isnull;
    Oid const oid =
        DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
    MemoryContext const inner = MemoryContextSwitchTo(memory);
    oids = list_append_unique_oid(oids, oid);
    MemoryContextSwitchTo(inner);
  }
  SPI_finish();
  return oids;
}

void PushDefinitionErrors(DefinitionErrors* frame, const DefinedQuery* query) {
  frame->callback.callback = AddQuery;
  frame->callback.arg = frame;
  frame->callback.previous = error_context_stack;
  frame->query = query;
  error_context_stack = &frame->callback;
}

void PopDefinitionErrors(DefinitionErrors* frame) {
  error_context_stack = frame->callback.previous;
}

List* Ancestors(Oid relation, Snapshot snapshot) {
  List* ancestors = NIL;
  Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
  for (Oid child = relation; OidIsValid(child);) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(child));
    SysScanDesc const scan =
        systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, snapshot, 1, &key);
    HeapTuple const row = systable_getnext(scan);
    child = HeapTupleIsValid(row) ? reinterpret_cast<Form_pg_inherits>(GETSTRUCT(row))->inhparent
                                  : InvalidOid;
    systable_endscan(scan);
    // A parent that is no partitioned table has rows and queries of its own.
    if (get_rel_relkind(child) != RELKIND_PARTITIONED_TABLE) break;
    ancestors = lappend_oid(ancestors, child);
  }
  table_close(inherits, AccessShareLock);
  return ancestors;
}

List* QueriesOnAny(List* relations) {
  List* queries = NIL;
  ListCell* cell;
  foreach (cell, relations) queries = list_concat(queries, QueriesOn(lfirst_oid(cell)));
  return queries;
}

bool NamesColumn(const DefinedQuery* query, const char* column) {
  return list_member(ColumnsOfQuery(query->text), makeString(pstrdup(column)));
}

List* BucketNames(List* queries) {
  List* names = NIL;
  ListCell* cell;
  foreach (cell, queries) {
    auto* const name = makeString(pstrdup(static_cast<DefinedQuery*>(lfirst(cell))->of->name));
    if (!list_member(names, name)) names = lappend(names, name);
  }
  list_sort(names, ByName);
  return names;
}

void RequireStillServable(Oid oid, const DefinedQuery* query, const Weakened& weakened) {
  Relation const table = table_open(oid, AccessShareLock);
  const char* const name = RelationGetRelationName(table);
  const char* const bucket = query->of->name;
  if (weakened.log && table->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT) {
    RefuseStatement(query, psprintf("bucket \"%s\" needs table \"%s\" to be logged", bucket, name),
                    "Its changes are decoded from the log.");
  }
  Bitmapset* const key = AsSet(PrimaryKey(table));
  if (bms_is_empty(key)) {
    if (weakened.primary_key) {
      RefuseStatement(query,
                      psprintf("bucket \"%s\" needs a primary key of table \"%s\"", bucket, name),
                      "A row is recognised on the device by its primary key.");
    }
    // A dump that is being restored makes it later.
    table_close(table, NoLock);
    return;
  }
  DefinitionErrors frame;
  PushDefinitionErrors(&frame, query);
  const CompiledQuery* const compiled = Compile(table, query, key);
  PopDefinitionErrors(&frame);
  if (weakened.type_of_column != nullptr) {
    RequireSameIds(table, compiled, query, weakened.type_of_column);
  }
  // A partitioned table has no rows of its own.
  const char* const missing = weakened.identity && table->rd_rel->relkind == RELKIND_RELATION
                                  ? MissingFromIdentity(table, DecidingColumns(compiled, key))
                                  : nullptr;
  if (missing != nullptr) {
    RefuseStatement(query,
                    psprintf("bucket \"%s\" needs the old values of %s of table \"%s\" in its "
                             "replica identity",
                             bucket, missing, name),
                    "When a row is changed or deleted, they say which buckets it was in.");
  }
  table_close(table, NoLock);
}

void EnsureReplicaIdentity(Oid oid, List* queries) {
  if (get_rel_relkind(oid) != RELKIND_RELATION ||
      get_rel_persistence(oid) != RELPERSISTENCE_PERMANENT) {
    return;
  }
  Relation const table = table_open(oid, AccessShareLock);
  Bitmapset* const key = AsSet(PrimaryKey(table));
  const char* missing = nullptr;
  const char* bucket = nullptr;
  ListCell* cell;
  foreach (cell, queries) {
    const auto* const query = static_cast<DefinedQuery*>(lfirst(cell));
    if (missing != nullptr || bms_is_empty(key)) break;
    DefinitionErrors frame;
    PushDefinitionErrors(&frame, query);
    missing = MissingFromIdentity(table, DecidingColumns(Compile(table, query, key), key));
    bucket = query->of->name;
    PopDefinitionErrors(&frame);
  }
  const char* const name = QualifiedName(table);
  table_close(table, NoLock);
  if (missing == nullptr) return;
  SPI_connect();
  if (SPI_execute(psprintf("ALTER TABLE %s REPLICA IDENTITY FULL", name), false, 0) !=
      SPI_OK_UTILITY) {
    elog(ERROR, "could not alter table %s", name);
  }
  SPI_finish();
  ereport(NOTICE, (errmsg("partition %s has REPLICA IDENTITY FULL now", name),
                   errdetail("Bucket \"%s\" needs the old values of %s.", bucket, missing)));
}

void InvalidateTree(Oid relation) {
  ListCell* cell;
  foreach (cell, find_all_inheritors(relation, NoLock, nullptr)) {
    CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
  }
}

}  // namespace phisync::sync
