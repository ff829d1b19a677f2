// What becomes of tags when the extension goes: labels belong to their objects, so that the server
// would leave them behind, where nothing understands them and a dump that has them cannot be
// restored.

#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "pg/boundary.h"
#include "pg/event_trigger.h"
#include "tags/dependents.h"
#include "tags/tags.h"

namespace phisync::tags {
namespace {

struct Labels {
  List* objects;  // ObjectAddress*
  int of_relations;
};

Labels AllLabels() {
  Labels all = {NIL, 0};
  Relation labels = table_open(SecLabelRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(labels, InvalidOid, false, nullptr, 0, nullptr);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    bool null = false;
    const char* provider = TextDatumGetCString(
        heap_getattr(tuple, Anum_pg_seclabel_provider, RelationGetDescr(labels), &null));
    if (strcmp(provider, kProvider) != 0) continue;
    const auto* form = reinterpret_cast<FormData_pg_seclabel*>(GETSTRUCT(tuple));
    auto* object = static_cast<ObjectAddress*>(palloc(sizeof(ObjectAddress)));
    *object = {form->classoid, form->objoid, form->objsubid};
    all.objects = lappend(all.objects, object);
    if (form->classoid == RelationRelationId) ++all.of_relations;
  }
  systable_endscan(scan);
  table_close(labels, AccessShareLock);
  return all;
}

// Whether the statement names the extension.
bool DropsExtension(const Node* statement) {
  if (!IsA(statement, DropStmt)) return false;
  const auto* const drop = castNode(DropStmt, statement);
  if (drop->removeType != OBJECT_EXTENSION) return false;
  ListCell* cell;
  foreach (cell, drop->objects) {
    if (strcmp(strVal(lfirst(cell)), "phisync") == 0) return true;
  }
  return false;
}

// As of what depends on what is dropped: without CASCADE the statement is refused, with it labels
// go, too. A schema's default alone, which nothing that is left follows, goes in any case: so a
// dump can be restored with --clean, which drops the extension before its schemas.
void Guard(const Node* statement) {
  if (!DropsExtension(statement)) return;
  const Labels labels = AllLabels();
  const int count = list_length(labels.objects);
  if (count == 0) return;
  if (labels.of_relations > 0 && castNode(DropStmt, statement)->behavior != DROP_CASCADE) {
    ereport(
        ERROR,
        (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
         errmsg("cannot drop extension phisync because tags need it"),
         errdetail("Labels of provider \"phisync\" stand on %d tables, views and columns. A dump "
                   "that has them cannot be restored without the extension.",
                   labels.of_relations),
         errhint("SELECT phisync.untag_all(); removes them, and DROP EXTENSION ... CASCADE drops "
                 "them, too.")));
  }
  ListCell* cell;
  foreach (cell, labels.objects) {
    const auto* const object = static_cast<const ObjectAddress*>(lfirst(cell));
    SetSecurityLabel(object, kProvider, nullptr);
    if (object->classId == RelationRelationId) Invalidate(list_make1_oid(object->objectId));
  }
  ereport(NOTICE, (errmsg("drop cascades to %d labels of provider \"phisync\"", count)));
}

}  // namespace
}  // namespace phisync::tags

// Fires before DROP EXTENSION.
PHISYNC_FUNCTION(phisync_guard_tags) {
  using namespace phisync;
  pg::RequireEventTrigger(fcinfo, "phisync.guard_tags");
  tags::Guard(reinterpret_cast<EventTriggerData*>(fcinfo->context)->parsetree);
  return Datum{0};
}
