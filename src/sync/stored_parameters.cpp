#include "sync/stored_parameters.h"

#include "pg/catalog.h"
#include "pg/deparse.h"
#include "sync/owner.h"

namespace phisync::sync {
namespace {

constexpr const char* kSchema = "phisync_parameters";

// The function belongs to the extension's owner, as its schema does.
void ExecuteUtility(const char* command) {
  AsOwnerOf(get_relname_relid("bucket", get_namespace_oid("phisync", false)), [&] {
    int const code = SPI_execute(command, false, 0);
    if (code < 0) elog(ERROR, "SPI error %d in \"%s\"", code, command);
  });
}

bool CollectRelations(Node* node, void* context) {
  if (node == nullptr) return false;
  auto** const relations = static_cast<List**>(context);
  if (IsA(node, RangeTblEntry)) {
    const auto* const rte = castNode(RangeTblEntry, node);
    if (rte->rtekind == RTE_RELATION) *relations = list_append_unique_oid(*relations, rte->relid);
    return false;
  }
  if (IsA(node, Query)) {
    return pg::WalkQuery(castNode(Query, node), CollectRelations, context, QTW_EXAMINE_RTES_BEFORE);
  }
  return pg::WalkExpression(node, CollectRelations, context);
}

// The plugin looks for lookups anew where the tables, or partitions of them, change next.
void InvalidateReaders(const Query* query) {
  List* relations = NIL;
  CollectRelations(const_cast<Node*>(reinterpret_cast<const Node*>(query)), &relations);
  list_sort(relations, list_oid_cmp);
  ListCell* cell;
  foreach (cell, relations) {
    LockRelationOid(lfirst_oid(cell), ShareRowExclusiveLock);
    ListCell* member;
    foreach (member, find_all_inheritors(lfirst_oid(cell), ShareRowExclusiveLock, nullptr)) {
      CacheInvalidateRelcacheByRelid(lfirst_oid(member));
    }
  }
}

int PinSearchPath() {
  int const nest = NewGUCNestLevel();
  set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                    GUC_ACTION_SAVE, true, 0, false);
  return nest;
}

}  // namespace

void StoreParameters(const char* bucket, const Query* query) {
  Oid const function = FindParameters(bucket);
  const Query* const before = OidIsValid(function) ? ReadParameters(function) : nullptr;
  if (before != nullptr) InvalidateReaders(before);
  InvalidateReaders(query);
  int const nest = PinSearchPath();
  ExecuteUtility(
      psprintf("CREATE OR REPLACE FUNCTION %s.%s() RETURNS SETOF record LANGUAGE sql STABLE BEGIN "
               "ATOMIC %s; END",
               kSchema, quote_identifier(bucket), ParametersText(query)));
  ExecuteUtility(
      psprintf("REVOKE ALL ON FUNCTION %s.%s() FROM PUBLIC", kSchema, quote_identifier(bucket)));
  // So that it goes with the extension, and is in a dump all the same, as a member would not be.
  ExecuteUtility(psprintf("ALTER FUNCTION %s.%s() DEPENDS ON EXTENSION phisync", kSchema,
                          quote_identifier(bucket)));
  AtEOXact_GUC(true, nest);
}

void InvalidateParameters(const char* bucket) {
  Oid const function = FindParameters(bucket);
  const Query* const query = OidIsValid(function) ? ReadParameters(function) : nullptr;
  if (query != nullptr) InvalidateReaders(query);
}

void DropParameters(const char* bucket) {
  Oid const function = FindParameters(bucket);
  if (!OidIsValid(function)) return;
  const Query* const query = ReadParameters(function);
  if (query != nullptr) InvalidateReaders(query);
  ExecuteUtility(psprintf("DROP FUNCTION %s.%s()", kSchema, quote_identifier(bucket)));
}

Oid FindParameters(const char* bucket) {
  Oid const schema = get_namespace_oid(kSchema, true);
  if (!OidIsValid(schema)) return InvalidOid;
  return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(bucket),
                         PointerGetDatum(buildoidvector(nullptr, 0)), ObjectIdGetDatum(schema));
}

Query* ReadParameters(Oid function) {
  HeapTuple const row = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(row)) return nullptr;
  Query* query = nullptr;
  if (reinterpret_cast<Form_pg_proc>(GETSTRUCT(row))->pronamespace ==
      get_namespace_oid(kSchema, true)) {
    bool isnull;
    Datum const body = SysCacheGetAttr(PROCOID, row, Anum_pg_proc_prosqlbody, &isnull);
    if (!isnull) {
      // A list of one list of the statements between BEGIN ATOMIC and END.
      auto* node = static_cast<Node*>(stringToNode(TextDatumGetCString(body)));
      while (IsA(node, List) && list_length(castNode(List, node)) == 1) {
        node = static_cast<Node*>(linitial(castNode(List, node)));
      }
      if (IsA(node, Query)) query = castNode(Query, node);
    }
  }
  ReleaseSysCache(row);
  return query;
}

List* ParametersReading(Oid relation) {
  List* functions = NIL;
  Oid const schema = get_namespace_oid(kSchema, true);
  if (!OidIsValid(schema)) return NIL;
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(RelationRelationId));
  ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  Relation const depend = table_open(DependRelationId, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(depend, DependReferenceIndexId, true, nullptr, 2, keys);
  while (HeapTuple const row = systable_getnext(scan)) {
    const auto* const form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(row));
    if (form->classid == ProcedureRelationId) {
      functions = list_append_unique_oid(functions, form->objid);
    }
  }
  systable_endscan(scan);
  table_close(depend, AccessShareLock);
  List* ours = NIL;
  ListCell* cell;
  foreach (cell, functions) {
    if (get_func_namespace(lfirst_oid(cell)) == schema) ours = lappend_oid(ours, lfirst_oid(cell));
  }
  return ours;
}

const char* StoredParametersText(const char* bucket) {
  Oid const function = FindParameters(bucket);
  const Query* const query = OidIsValid(function) ? ReadParameters(function) : nullptr;
  if (query == nullptr) return nullptr;
  int const nest = PinSearchPath();
  const char* const text = ParametersText(query);
  AtEOXact_GUC(true, nest);
  return text;
}

List* BucketsWithParametersOn(List* relations) {
  List* buckets = NIL;
  ListCell* cell;
  foreach (cell, relations) {
    ListCell* function;
    foreach (function, ParametersReading(lfirst_oid(cell))) {
      auto* const name = makeString(get_func_name(lfirst_oid(function)));
      if (!list_member(buckets, name)) buckets = lappend(buckets, name);
    }
  }
  return buckets;
}

char* ParametersText(const Query* query) {
  return pg_get_querydef(static_cast<Query*>(copyObjectImpl(query)), false);
}

}  // namespace phisync::sync
