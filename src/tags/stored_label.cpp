#include "tags/stored_label.h"

#include "pg/boundary.h"
#include "pg/event_trigger.h"
#include "tags/dependents.h"
#include "tags/tags.h"

namespace phisync::tags {
namespace {

void Store(Oid relation, AttrNumber column, const char* label) {
  pg::Call([&] {
    ObjectAddress address;
    ObjectAddressSubSet(address, RelationRelationId, relation, column);
    SetSecurityLabel(&address, kProvider, label);
  });
}

// Whoever runs the command chooses the search path: no operator here is found along it.
constexpr const char* kTables =
    "SELECT DISTINCT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() c"
    " WHERE c.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND c.object_type OPERATOR(pg_catalog.=) ANY ('{table,foreign table}')"
    " AND NOT c.in_extension";
constexpr const char* kViews =
    "SELECT DISTINCT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() c"
    " WHERE c.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND c.object_type OPERATOR(pg_catalog.=) 'view' AND NOT c.in_extension";
constexpr const char* kWithoutColumn =
    "SELECT DISTINCT d.objid FROM pg_catalog.pg_event_trigger_dropped_objects() d, "
    "pg_catalog.pg_class c"
    " WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND d.objsubid OPERATOR(pg_catalog.<>) 0 AND c.oid OPERATOR(pg_catalog.=) d.objid"
    " AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,f}')";

}  // namespace

void StoreLabel(Oid relation, AttrNumber column, const std::string& label) {
  Store(relation, column, label.c_str());
}

void RemoveLabel(Oid relation, AttrNumber column) {
  Store(relation, column, nullptr);
}

void FinishLabels(Oid relation) {
  pg::Call([&] {
    Invalidate(Dependents(relation));
    CommandCounterIncrement();
  });
}

List* RelationsOfCommand(Affected affected) {
  List* relations = NIL;
  MemoryContext const outside = CurrentMemoryContext;
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  const char* const query = affected == Affected::kTables  ? kTables
                            : affected == Affected::kViews ? kViews
                                                           : kWithoutColumn;
  const int result = SPI_execute(query, true, 0);
  if (result != SPI_OK_SELECT) elog(ERROR, "SPI_execute: %s", SPI_result_code_string(result));
  for (uint64 i = 0; i < SPI_processed; ++i) {
    bool null = false;
    const Oid relation =
        DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null));
    MemoryContext const inside = MemoryContextSwitchTo(outside);
    relations = lappend_oid(relations, relation);
    MemoryContextSwitchTo(inside);
  }
  SPI_finish();
  list_sort(relations, list_oid_cmp);
  return relations;
}

}  // namespace phisync::tags
