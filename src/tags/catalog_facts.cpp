#include "tags/catalog_facts.h"

#include <cstring>

#include "tags/tags.h"

namespace phisync::tags {
namespace {

void FillFrom(HeapTuple tuple, RelationFacts* facts) {
  const auto* const form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  facts->schema = form->relnamespace;
  facts->is_view = form->relkind == RELKIND_VIEW || form->relkind == RELKIND_MATVIEW;
  facts->inherits = form->relkind == RELKIND_RELATION ||
                    form->relkind == RELKIND_PARTITIONED_TABLE ||
                    form->relkind == RELKIND_FOREIGN_TABLE;
  facts->column_count = form->relnatts;
}

// Null if the relation does not exist.
RelationFacts* ReadClass(Oid relation, Snapshot snapshot) {
  auto* const facts = static_cast<RelationFacts*>(palloc0(sizeof(RelationFacts)));
  if (snapshot == nullptr) {
    HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return nullptr;
    FillFrom(tuple, facts);
    ReleaseSysCache(tuple);
    return facts;
  }
  Relation const classes = table_open(RelationRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
  SysScanDesc const scan = systable_beginscan(classes, ClassOidIndexId, true, snapshot, 1, &key);
  HeapTuple const tuple = systable_getnext(scan);
  const bool found = HeapTupleIsValid(tuple);
  if (found) FillFrom(tuple, facts);
  systable_endscan(scan);
  table_close(classes, AccessShareLock);
  return found ? facts : nullptr;
}

void ReadColumns(Oid relation, Snapshot snapshot, RelationFacts* facts) {
  facts->columns = static_cast<ColumnFacts*>(
      palloc0(sizeof(ColumnFacts) * static_cast<std::size_t>(Max(facts->column_count, 1))));
  bool generated = false;
  EachAttribute(relation, snapshot, [&](const FormData_pg_attribute& attribute) {
    if (attribute.attnum > facts->column_count) return;
    ColumnFacts* column = &facts->columns[attribute.attnum - 1];
    column->name = attribute.attname;
    column->dropped = attribute.attisdropped;
    column->generated = attribute.attgenerated != '\0' && !attribute.attisdropped;
    generated = generated || column->generated;
  });
  if (generated) TraceGenerated(relation, snapshot, facts);
}

// Gives the label of the object itself, and those of its columns to `columns` unless null.
const char* ReadLabels(Oid object, Oid object_class, Snapshot snapshot, ColumnFacts* columns,
                       int column_count) {
  const char* own = nullptr;
  Relation labels = table_open(SecLabelRelationId, AccessShareLock);
  ScanKeyData key[2];
  ScanKeyInit(&key[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(object));
  ScanKeyInit(&key[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(object_class));
  SysScanDesc scan = systable_beginscan(labels, SecLabelObjectIndexId, true, snapshot, 2, key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    bool null = false;
    const char* provider = TextDatumGetCString(
        heap_getattr(tuple, Anum_pg_seclabel_provider, RelationGetDescr(labels), &null));
    if (strcmp(provider, kProvider) != 0) continue;
    const char* label = TextDatumGetCString(
        heap_getattr(tuple, Anum_pg_seclabel_label, RelationGetDescr(labels), &null));
    const int column = reinterpret_cast<FormData_pg_seclabel*>(GETSTRUCT(tuple))->objsubid;
    if (column == 0) {
      own = label;
    } else if (columns != nullptr && column > 0 && column <= column_count) {
      columns[column - 1].label = label;
    }
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
  return own;
}

}  // namespace

List* ReadParents(Oid relation, Snapshot snapshot) {
  List* parents = NIL;
  Relation inherits = table_open(InheritsRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  SysScanDesc scan =
      systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, snapshot, 1, &key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    parents = lappend_oid(parents, reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhparent);
  }
  systable_endscan(scan);
  table_close(inherits, AccessShareLock);
  return parents;
}

List* ReadHeirs(Oid relation) {
  HeapTuple const tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return NIL;
  const bool any = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relhassubclass;
  ReleaseSysCache(tuple);
  if (!any) return NIL;
  return list_delete_oid(find_all_inheritors(relation, NoLock, nullptr), relation);
}

RelationFacts* ReadFacts(Oid relation, Snapshot snapshot) {
  if (relation < FirstNormalObjectId) return nullptr;
  RelationFacts* const facts = ReadClass(relation, snapshot);
  if (facts == nullptr) return nullptr;
  ReadColumns(relation, snapshot, facts);
  facts->label =
      ReadLabels(relation, RelationRelationId, snapshot, facts->columns, facts->column_count);
  facts->schema_label = ReadLabels(facts->schema, NamespaceRelationId, snapshot, nullptr, 0);
  if (facts->inherits) facts->parents = ReadParents(relation, snapshot);
  if (facts->is_view) TraceView(relation, snapshot, facts);
  // The extension's own views give names and numbers, whatever their functions look at.
  if (facts->is_view && facts->schema == get_namespace_oid("phisync", true)) {
    for (int i = 0; i < facts->column_count; ++i) facts->columns[i].calls_opaque = false;
  }
  return facts;
}

bool AnyPhiLabel(Snapshot snapshot) {
  bool found = false;
  Relation labels = table_open(SecLabelRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(labels, InvalidOid, false, snapshot, 0, nullptr);
  for (HeapTuple tuple; !found && HeapTupleIsValid(tuple = systable_getnext(scan));) {
    bool null = false;
    const char* provider = TextDatumGetCString(
        heap_getattr(tuple, Anum_pg_seclabel_provider, RelationGetDescr(labels), &null));
    const char* label = TextDatumGetCString(
        heap_getattr(tuple, Anum_pg_seclabel_label, RelationGetDescr(labels), &null));
    found = strcmp(provider, kProvider) == 0 && strncmp(label, "none", 4) != 0;
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
  return found;
}

char TypeCategoryOf(Oid type) {
  Oid base = getBaseType(type);
  const Oid element = get_element_type(base);
  if (OidIsValid(element)) base = getBaseType(element);
  char category = TYPCATEGORY_UNKNOWN;
  bool preferred = false;
  get_type_category_preferred(base, &category, &preferred);
  return category;
}

}  // namespace phisync::tags
