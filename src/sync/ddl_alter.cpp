// phisync.follow_alter: data queries follow what ALTER TABLE and CREATE TABLE ... PARTITION OF do
// to their tables, or the statement is refused.

#include <cstring>

#include "pg/boundary.h"
#include "sync/ddl.h"
#include "sync/policy.h"
#include "sync/query.h"
#include "sync/rename.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

// The tables that the statement made or altered, as the server collected them.
List* AlteredTables() {
  MemoryContext const memory = CurrentMemoryContext;
  List* tables = NIL;
  SPI_connect();
  if (SPI_execute("SELECT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() c "
                  "WHERE c.classid OPERATOR(pg_catalog.=) "
                  "'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid "
                  "AND c.object_type OPERATOR(pg_catalog.=) ANY ('{table,table column}')",
                  true, 0) != SPI_OK_SELECT) {
    elog(ERROR, "could not read the commands of an event trigger");
  }
  for (uint64 i = 0; i < SPI_processed; i++) {
    bool isnull;
    Oid const oid =
        DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
    MemoryContext const inner = MemoryContextSwitchTo(memory);
    tables = list_append_unique_oid(tables, oid);
    MemoryContextSwitchTo(inner);
  }
  SPI_finish();
  return tables;
}

// Those of the queries whose records change with the columns of the table.
List* WithAllColumns(List* queries) {
  List* all = NIL;
  ListCell* cell;
  foreach (cell, queries) {
    auto* const query = static_cast<DefinedQuery*>(lfirst(cell));
    if (TakesAllColumns(query->text)) all = lappend(all, query);
  }
  return all;
}

void FollowRename(Oid relation, const RenameStmt* statement) {
  List* const relations = find_all_inheritors(relation, NoLock, nullptr);
  List* const queries = QueriesOnAny(relations);
  ListCell* cell;
  foreach (cell, queries) {
    auto* const query = static_cast<DefinedQuery*>(lfirst(cell));
    DefinitionErrors frame;
    PushDefinitionErrors(&frame, query);
    if (NamesColumn(query, statement->subname)) {
      query->text = RenameColumn(query->text, statement->subname, statement->newname);
      UpdateQuery(query, ColumnsOfQuery(query->text));
      InvalidateTree(query->relation);
    }
    PopDefinitionErrors(&frame);
    RequireStillServable(query->relation, query, {});
  }
  // Other outputs have kept their names.
  RecordPolicyChange("column renamed", BucketNames(WithAllColumns(queries)), NIL);
}

// The tables that hold rows which the queries on a relation, on its ancestors and on its heirs are
// about, with those queries.
void RequireAllStillServable(Oid relation, const Weakened& weakened) {
  ListCell* cell;
  foreach (cell, find_all_inheritors(relation, NoLock, nullptr)) {
    Oid const member = lfirst_oid(cell);
    List* const queries = QueriesOnAny(lcons_oid(member, Ancestors(member, nullptr)));
    ListCell* query;
    foreach (query, queries) {
      RequireStillServable(member, static_cast<DefinedQuery*>(lfirst(query)), weakened);
    }
  }
}

bool IsKeyColumn(Oid relation, const char* column) {
  Relation const table = table_open(relation, AccessShareLock);
  bool const in_key = list_member_int(PrimaryKey(table), get_attnum(relation, column));
  table_close(table, NoLock);
  return in_key;
}

// Queries of a relation and its heirs whose records hold the column.
List* QueriesGiving(Oid relation, const char* column) {
  List* giving = NIL;
  ListCell* cell;
  foreach (cell, QueriesOnAny(find_all_inheritors(relation, NoLock, nullptr))) {
    auto* const query = static_cast<DefinedQuery*>(lfirst(cell));
    if (TakesAllColumns(query->text) || NamesColumn(query, column) ||
        IsKeyColumn(query->relation, column)) {
      giving = lappend(giving, query);
    }
  }
  return giving;
}

Oid PartitionOf(const AlterTableCmd* command) {
  return RangeVarGetRelid(castNode(PartitionCmd, command->def)->name, NoLock, false);
}

void RequireSameKeys(Oid partition, Oid table) {
  Relation const a = table_open(partition, AccessShareLock);
  Relation const b = table_open(table, AccessShareLock);
  RequireSamePrimaryKey(a, b);
  table_close(b, NoLock);
  table_close(a, NoLock);
}

void RequirePartitionServable(Oid partition, List* queries) {
  ListCell* cell;
  foreach (cell, find_all_inheritors(partition, NoLock, nullptr)) {
    EnsureReplicaIdentity(lfirst_oid(cell), queries);
    ListCell* item;
    foreach (item, queries) {
      auto* const query = static_cast<DefinedQuery*>(lfirst(item));
      RequireStillServable(lfirst_oid(cell), query,
                           {.primary_key = true, .type_of_column = nullptr});
      RequireSameKeys(lfirst_oid(cell), query->relation);
    }
  }
}

// Queries whose rows are in partitions of the relation, as it was made or is.
List* QueriesAbove(Oid relation) {
  return QueriesOnAny(lcons_oid(relation, Ancestors(relation, nullptr)));
}

// The server invalidates the partition alone, not those below it.
void FollowAttach(Oid parent, Oid partition) {
  InvalidateTree(partition);
  List* const queries = QueriesAbove(parent);
  if (queries == NIL) return;
  RequirePartitionServable(partition, queries);
  RecordPolicyChange("partition attached", BucketNames(queries), NIL);
}

void FollowDetach(Oid parent, Oid partition) {
  InvalidateTree(partition);
  List* const queries = QueriesAbove(parent);
  if (queries == NIL) return;
  RecordPolicyChange("partition detached", BucketNames(queries), ClearsOf(queries, "drop"));
}

void FollowCommand(Oid relation, const AlterTableCmd* command) {
  if (pg::GivesNewValues(command->subtype)) {
    RecordPolicyChange("column values changed", BucketNames(QueriesGiving(relation, command->name)),
                       NIL);
    return;
  }
  switch (command->subtype) {
    case AT_AddColumn:
      RecordPolicyChange(
          "column added",
          BucketNames(WithAllColumns(QueriesOnAny(find_all_inheritors(relation, NoLock, nullptr)))),
          NIL);
      break;
    case AT_AlterColumnType:
      RequireAllStillServable(relation, {.primary_key = false, .type_of_column = command->name});
      RecordPolicyChange("column type changed", BucketNames(QueriesGiving(relation, command->name)),
                         NIL);
      break;
    case AT_ReplicaIdentity:
    case AT_SetUnLogged:
      RequireAllStillServable(relation, {});
      break;
    case AT_AttachPartition:
      // Indexes have partitions, too.
      if (get_rel_relkind(relation) == RELKIND_PARTITIONED_TABLE) {
        FollowAttach(relation, PartitionOf(command));
      }
      break;
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
      FollowDetach(relation, PartitionOf(command));
      break;
    default:
      break;
  }
}

void FollowCreate(Oid relation, const CreateStmt* statement) {
  if (statement->partbound == nullptr) return;
  List* const queries = QueriesOnAny(Ancestors(relation, nullptr));
  if (queries == NIL) return;
  RequirePartitionServable(relation, queries);
}

void Follow(Node* statement) {
  if (!AnyQuery()) return;
  ListCell* table;
  foreach (table, AlteredTables()) {
    Oid const relation = lfirst_oid(table);
    switch (nodeTag(statement)) {
      case T_RenameStmt:
        if (castNode(RenameStmt, statement)->renameType == OBJECT_COLUMN) {
          FollowRename(relation, castNode(RenameStmt, statement));
        }
        break;
      case T_AlterTableStmt: {
        ListCell* command;
        foreach (command, castNode(AlterTableStmt, statement)->cmds) {
          FollowCommand(relation, lfirst_node(AlterTableCmd, command));
        }
        break;
      }
      case T_CreateStmt:
        FollowCreate(relation, castNode(CreateStmt, statement));
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace phisync::sync

// Event trigger on ddl_command_end
PHISYNC_FUNCTION(phisync_follow_alter) {
  if (!CALLED_AS_EVENT_TRIGGER(fcinfo)) {
    throw phisync::Error(phisync::sqlstate::kObjectNotInPrerequisiteState,
                         "phisync.follow_alter is not called by an event trigger",
                         "It follows the statement that fired the trigger.", "Do not call it.");
  }
  phisync::sync::Follow(reinterpret_cast<EventTriggerData*>(fcinfo->context)->parsetree);
  return Datum{0};
}
