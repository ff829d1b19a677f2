#include "sync/ddl_tags.h"

#include <cstring>

#include "pg/seclabel.h"
#include "sync/ddl.h"
#include "sync/policy.h"
#include "tags/tags.h"

namespace phisync::sync {
namespace {

List* WithHeirs(Oid relation) {
  return find_all_inheritors(relation, NoLock, nullptr);
}

void RecordTagChange(List* buckets) {
  RecordPolicyChange("tag changed", buckets, NIL);
}

// Calls fn(object, label) for the labels of phisync on objects of the class, as the snapshot shows
// them (null: now); with `oid`, on that object and its columns alone.
template <typename Fn>
void ForEachLabel(Oid object_class, Oid oid, Snapshot snapshot, Fn fn) {
  const bool one = OidIsValid(oid);
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(oid));
  ScanKeyInit(&keys[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(object_class));
  Relation const labels = table_open(SecLabelRelationId, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(labels, SecLabelObjectIndexId, one, snapshot,
                                              one ? 2 : 1, one ? keys : keys + 1);
  while (HeapTuple const row = systable_getnext(scan)) {
    const auto* const form = reinterpret_cast<FormData_pg_seclabel*>(GETSTRUCT(row));
    TupleDesc const desc = RelationGetDescr(labels);
    bool isnull;
    Datum const provider = heap_getattr(row, Anum_pg_seclabel_provider, desc, &isnull);
    if (std::strcmp(TextDatumGetCString(provider), tags::kProvider) != 0) continue;
    Datum const label = heap_getattr(row, Anum_pg_seclabel_label, desc, &isnull);
    fn(ObjectAddress{form->classoid, form->objoid, form->objsubid}, TextDatumGetCString(label));
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
}

}  // namespace

// What the parents' queries give is another matter.
void FollowNewParents(Oid relation) {
  RecordTagChange(BucketNames(QueriesOnAny(WithHeirs(relation))));
}

void FollowNewSchema(Oid table) {
  bool any = false;
  ForEachLabel(NamespaceRelationId, InvalidOid, nullptr,
               [&](const ObjectAddress&, const char*) { any = true; });
  if (any) RecordTagChange(DefinitionsOn(WithHeirs(table)));
}

void FollowDroppedLabels(Oid table) {
  bool any = false;
  pg::PushSnapshotBefore();
  ForEachLabel(RelationRelationId, table, GetActiveSnapshot(),
               [&](const ObjectAddress& object, const char* label) {
                 // What was no PHI made nothing else PHI.
                 if (object.objectSubId == 0 || std::strncmp(label, "none", 4) == 0) return;
                 any = any || GetSecurityLabel(&object, tags::kProvider) == nullptr;
               });
  pg::PopSnapshotBefore();
  if (any) RecordTagChange(DefinitionsOn(WithHeirs(table)));
}

}  // namespace phisync::sync
