// phisync.follow_renames: rules for columns follow the columns' names.

#include "pg/boundary.h"
#include "pg/event_trigger.h"
#include "sync/ddl.h"
#include "sync/owner.h"

namespace phisync::profiles {
namespace {

// The relations whose column the statement renames: tables, views, and tables of a composite type.
List* RenamedRelations(const RenameStmt* statement) {
  if (statement->renameType == OBJECT_ATTRIBUTE) {
    const Oid types[] = {OIDOID};
    const Datum values[] = {
        ObjectIdGetDatum(get_rel_type_id(RangeVarGetRelid(statement->relation, NoLock, false)))};
    return sync::SelectOids(
        "SELECT oid FROM pg_catalog.pg_class WHERE reloftype OPERATOR(pg_catalog.=) $1", 1, types,
        values);
  }
  return sync::SelectOids(
      "SELECT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() c "
      "WHERE c.classid OPERATOR(pg_catalog.=) "
      "'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid",
      0, nullptr, nullptr);
}

// A rule that waits for a column of the new name was for another one: what is meant nobody can
// tell, so nothing is given. (A table that decoding reads takes no ON CONFLICT.)
void Rename(Oid relation, const RenameStmt* statement) {
  sync::AsOwnerOf(get_relname_relid("profile_column", get_namespace_oid("phisync", false)), [&] {
    NameData from;
    NameData to;
    namestrcpy(&from, statement->subname);
    namestrcpy(&to, statement->newname);
    const Oid types[] = {REGCLASSOID, NAMEOID, NAMEOID};
    const Datum values[] = {ObjectIdGetDatum(relation), NameGetDatum(&from), NameGetDatum(&to)};
    // Most renames concern no rule, and what waits for changes of rules need not hear of them.
    sync::Execute(
        "SELECT FROM phisync.profile_column WHERE relation OPERATOR(pg_catalog.=) $1 AND "
        "column_name OPERATOR(pg_catalog.=) ANY (ARRAY[$2, $3])",
        3, types, values, nullptr);
    if (SPI_processed == 0) return;
    for (const char* const command : {
             "UPDATE phisync.profile_column SET transformation = 'drop' WHERE relation "
             "OPERATOR(pg_catalog.=) $1 AND column_name OPERATOR(pg_catalog.=) $3",
             "DELETE FROM phisync.profile_column c WHERE c.relation OPERATOR(pg_catalog.=) $1 "
             "AND c.column_name OPERATOR(pg_catalog.=) $2 AND EXISTS (SELECT FROM "
             "phisync.profile_column o WHERE o.profile OPERATOR(pg_catalog.=) c.profile AND "
             "o.relation OPERATOR(pg_catalog.=) $1 AND o.column_name OPERATOR(pg_catalog.=) $3)",
             "UPDATE phisync.profile_column SET column_name = $3 WHERE relation "
             "OPERATOR(pg_catalog.=) $1 AND column_name OPERATOR(pg_catalog.=) $2",
         }) {
      sync::Execute(command, 3, types, values, nullptr);
    }
  });
  CacheInvalidateRelcacheByRelid(relation);
}

void Follow(const Node* node) {
  if (!IsA(node, RenameStmt)) return;
  const auto* const statement = castNode(RenameStmt, node);
  if (statement->renameType != OBJECT_COLUMN && statement->renameType != OBJECT_ATTRIBUTE) return;
  ListCell* cell;
  foreach (cell, RenamedRelations(statement)) {
    ListCell* heir;
    foreach (heir, find_all_inheritors(lfirst_oid(cell), NoLock, nullptr)) {
      Rename(lfirst_oid(heir), statement);
    }
  }
}

}  // namespace
}  // namespace phisync::profiles

// Event trigger on ddl_command_end
PHISYNC_FUNCTION(phisync_follow_renames) {
  phisync::pg::RequireEventTrigger(fcinfo, "phisync.follow_renames");
  phisync::profiles::Follow(reinterpret_cast<EventTriggerData*>(fcinfo->context)->parsetree);
  return Datum{0};
}
