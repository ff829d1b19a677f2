#include "tags/dependents.h"

#include "pg/seclabel.h"
#include "tags/catalog_facts.h"

namespace phisync::tags {
namespace {

// Adds the views that read the relation.
List* AddViews(List* relations, Relation depend, Relation rewrite, Oid relation) {
  ScanKeyData key[2];
  ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(RelationRelationId));
  ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  SysScanDesc scan = systable_beginscan(depend, DependReferenceIndexId, true, nullptr, 2, key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    auto* form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
    if (form->classid != RewriteRelationId) continue;
    ScanKeyData rule_key;
    ScanKeyInit(&rule_key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(form->objid));
    SysScanDesc rules = systable_beginscan(rewrite, RewriteOidIndexId, true, nullptr, 1, &rule_key);
    HeapTuple rule = systable_getnext(rules);
    if (HeapTupleIsValid(rule)) {
      relations = list_append_unique_oid(
          relations, reinterpret_cast<Form_pg_rewrite>(GETSTRUCT(rule))->ev_class);
    }
    systable_endscan(rules);
  }
  systable_endscan(scan);
  return relations;
}

// Adds what the relation inherits from, at any depth.
List* AddAncestors(List* above, Oid relation) {
  int next = list_length(above);
  above = list_concat_unique_oid(above, ReadParents(relation, nullptr));
  for (; next < list_length(above); ++next) {
    above = list_concat_unique_oid(above, ReadParents(list_nth_oid(above, next), nullptr));
  }
  return above;
}

// Everything whose tags may follow those of `relations`, these included. A view on a table reads
// its heirs, too.
List* AddDependents(List* relations) {
  List* above = NIL;
  Relation depend = table_open(DependRelationId, AccessShareLock);
  Relation rewrite = table_open(RewriteRelationId, AccessShareLock);
  // The list grows while it is walked.
  for (int i = 0; i < list_length(relations); ++i) {
    const Oid relation = list_nth_oid(relations, i);
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    // Dropped meanwhile.
    if (!HeapTupleIsValid(tuple)) continue;
    const bool has_heirs = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relhassubclass;
    ReleaseSysCache(tuple);
    if (has_heirs) {
      relations = list_concat_unique_oid(
          relations, find_inheritance_children_extended(relation, false, NoLock, nullptr, nullptr));
    }
    relations = AddViews(relations, depend, rewrite, relation);
    int next = list_length(above);
    above = AddAncestors(above, relation);
    for (; next < list_length(above); ++next) {
      relations = AddViews(relations, depend, rewrite, list_nth_oid(above, next));
    }
  }
  table_close(rewrite, AccessShareLock);
  table_close(depend, AccessShareLock);
  return relations;
}

}  // namespace

List* Dependents(Oid relation) {
  return AddDependents(list_make1_oid(relation));
}

List* DependentsOfSchema(Oid schema) {
  List* relations = NIL;
  Relation classes = table_open(RelationRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(schema));
  SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, nullptr, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    if (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_PARTITIONED_TABLE ||
        form->relkind == RELKIND_FOREIGN_TABLE || form->relkind == RELKIND_VIEW ||
        form->relkind == RELKIND_MATVIEW) {
      relations = lappend_oid(relations, form->oid);
    }
  }
  systable_endscan(scan);
  table_close(classes, AccessShareLock);
  return AddDependents(relations);
}

void Invalidate(List* relations) {
  ListCell* cell;
  foreach (cell, relations) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(lfirst_oid(cell)));
    if (!HeapTupleIsValid(tuple)) continue;
    CacheInvalidateRelcacheByTuple(tuple);
    ReleaseSysCache(tuple);
  }
}

}  // namespace phisync::tags
