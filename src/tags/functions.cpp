// The SQL functions of tags.

#include "pg/boundary.h"
#include "pg/catalog.h"
#include "tags/catalog_facts.h"
#include "tags/dependents.h"
#include "tags/resolver.h"
#include "tags/tags.h"

namespace {

using namespace phisync;

// Tables and views outside the system catalogs; palloc'd.
List* TaggableRelations() {
  List* relations = NIL;
  Relation classes = table_open(RelationRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, nullptr, 0, nullptr);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    if (form->oid >= FirstNormalObjectId &&
        (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_PARTITIONED_TABLE ||
         form->relkind == RELKIND_VIEW || form->relkind == RELKIND_MATVIEW ||
         form->relkind == RELKIND_FOREIGN_TABLE)) {
      relations = lappend_oid(relations, form->oid);
    }
  }
  systable_endscan(scan);
  table_close(classes, AccessShareLock);
  return relations;
}

// Appends the relation's tagged columns to the result.
void PutTags(ReturnSetInfo* result, Oid relation, const tags::Resolver::Resolved& resolved) {
  for (std::size_t i = 0; i < resolved.tags.columns.size(); ++i) {
    const tags::ColumnTag& tag = resolved.tags.columns[i];
    if (tag.text.empty()) continue;
    pg::Call([&] {
      NameData name;
      namestrcpy(&name, resolved.names[i].c_str());
      Datum values[7];
      bool nulls[7] = {};
      values[0] = ObjectIdGetDatum(relation);
      values[1] = NameGetDatum(&name);
      values[2] = CStringGetTextDatum(tag.text.c_str());
      nulls[3] = tag.label.empty();
      values[3] = nulls[3] ? Datum{0} : CStringGetTextDatum(tag.label.c_str());
      values[4] = CStringGetTextDatum(tags::SourceName(tag.source));
      values[5] = ObjectIdGetDatum(tag.origin);
      values[6] = Int16GetDatum(static_cast<int16>(i + 1));
      tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
  }
}

}  // namespace

// effective_tags(relation regclass): NULL means all.
PHISYNC_FUNCTION(phisync_effective_tags) {
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  List* relations = pg::Call([&] {
    InitMaterializedSRF(fcinfo, 0);
    return PG_ARGISNULL(0) ? TaggableRelations() : list_make1_oid(PG_GETARG_OID(0));
  });
  tags::Resolver resolver;
  for (int i = 0; i < list_length(relations); ++i) {
    pg::Call([] { CHECK_FOR_INTERRUPTS(); });
    const Oid relation = list_nth_oid(relations, i);
    PutTags(result, relation, resolver.Resolve(relation));
  }
  return Datum{0};
}

// invalidate_tags(relation oid)
PHISYNC_FUNCTION(phisync_invalidate_tags) {
  tags::Invalidate(tags::Dependents(PG_GETARG_OID(0)));
  return Datum{0};
}

// Fires before SECURITY LABEL. Calling it is its purpose: the server then has loaded the library,
// which registers the label provider, so that labels can be set and restored where nothing is
// preloaded.
PHISYNC_FUNCTION(phisync_load_provider) {
  return Datum{0};
}
