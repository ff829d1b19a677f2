// phisync.follow_alter: data queries follow what ALTER TABLE and CREATE TABLE ... PARTITION OF do
// to their tables, or the statement is refused.

#include "pg/boundary.h"
#include "sync/ddl.h"
#include "sync/ddl_tags.h"
#include "sync/policy.h"
#include "sync/query.h"
#include "sync/rename.h"
#include "sync/stored_parameters.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

// The tables that the statement made or altered, as the server collected them.
List* AlteredTables() {
  return SelectOids(
      "SELECT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() c "
      "WHERE c.classid OPERATOR(pg_catalog.=) "
      "'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid "
      "AND c.object_type OPERATOR(pg_catalog.=) ANY ('{table,table column}')",
      0, nullptr, nullptr);
}

// Tables of the composite type that the statement alters, whose columns it alters with CASCADE.
List* TypedTables(const RangeVar* type) {
  const Oid types[] = {OIDOID};
  const Datum values[] = {ObjectIdGetDatum(get_rel_type_id(RangeVarGetRelid(type, NoLock, false)))};
  return SelectOids("SELECT oid FROM pg_catalog.pg_class WHERE reloftype OPERATOR(pg_catalog.=) $1",
                    1, types, values);
}

List* TablesOf(const Node* statement) {
  if (IsA(statement, AlterTableStmt)) {
    const auto* const alter = castNode(AlterTableStmt, statement);
    if (alter->objtype == OBJECT_TYPE) return TypedTables(alter->relation);
  } else if (IsA(statement, RenameStmt)) {
    const auto* const rename = castNode(RenameStmt, statement);
    if (rename->renameType == OBJECT_ATTRIBUTE) return TypedTables(rename->relation);
  }
  return AlteredTables();
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
                           {.primary_key = true, .identity = true, .log = true});
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
  if (queries != NIL) RequirePartitionServable(partition, queries);
  List* const readers = BucketsWithParametersOn(lcons_oid(parent, Ancestors(parent, nullptr)));
  RecordPolicyChange("partition attached", list_union(BucketNames(queries), readers), NIL);
}

void FollowDetach(Oid parent, Oid partition) {
  InvalidateTree(partition);
  List* const queries = QueriesAbove(parent);
  List* const readers = BucketsWithParametersOn(lcons_oid(parent, Ancestors(parent, nullptr)));
  RecordPolicyChange("partition detached", list_union(BucketNames(queries), readers),
                     ClearsOf(queries, "drop"));
}

void FollowCommand(Oid relation, const AlterTableCmd* command) {
  if (pg::GivesNewValues(command->subtype)) {
    RecordPolicyChange("column values changed", BucketNames(QueriesGiving(relation, command->name)),
                       NIL);
    return;
  }
  switch (command->subtype) {
    case AT_AddColumn:
      // One that is in no change would silence what takes all columns.
      RequireAllStillServable(relation, {});
      RecordPolicyChange(
          "column added",
          BucketNames(WithAllColumns(QueriesOnAny(find_all_inheritors(relation, NoLock, nullptr)))),
          NIL);
      break;
    case AT_AlterColumnType:
      RequireAllStillServable(relation, {.type_of_column = command->name});
      RecordPolicyChange("column type changed", BucketNames(QueriesGiving(relation, command->name)),
                         NIL);
      break;
    case AT_ReplicaIdentity:
      RequireAllStillServable(relation, {.identity = true});
      break;
    case AT_SetUnLogged:
      RequireAllStillServable(relation, {.log = true});
      break;
    case AT_AttachPartition:
      // Indexes have partitions, too.
      if (get_rel_relkind(relation) == RELKIND_PARTITIONED_TABLE) {
        FollowNewParents(PartitionOf(command));
        FollowAttach(relation, PartitionOf(command));
      }
      break;
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
      FollowNewParents(PartitionOf(command));
      FollowDetach(relation, PartitionOf(command));
      break;
    case AT_AddInherit:
    case AT_DropInherit:
      FollowNewParents(relation);
      break;
    default:
      break;
  }
}

void FollowNewPartition(Oid relation) {
  List* const queries = QueriesOnAny(Ancestors(relation, nullptr));
  if (queries != NIL) RequirePartitionServable(relation, queries);
}

// An enum's value that gets another name is another value in records and bucket ids.
void FollowEnum() {
  List* const tables = SelectOids(
      "SELECT a.attrelid FROM pg_catalog.pg_event_trigger_ddl_commands() c, "
      "pg_catalog.pg_type t, pg_catalog.pg_attribute a "
      "WHERE c.classid OPERATOR(pg_catalog.=) "
      "'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid "
      "AND c.objid OPERATOR(pg_catalog.=) ANY (ARRAY[t.oid, t.typelem, t.typbasetype]) "
      "AND a.atttypid OPERATOR(pg_catalog.=) t.oid",
      0, nullptr, nullptr);
  RecordPolicyChange("enum value renamed", BucketNames(QueriesOnAny(tables)), NIL);
}

// Whether the statement can matter at all.
bool Concerns(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_RenameStmt:
      return castNode(RenameStmt, statement)->renameType == OBJECT_COLUMN ||
             castNode(RenameStmt, statement)->renameType == OBJECT_ATTRIBUTE;
    case T_CreateStmt:
      return castNode(CreateStmt, statement)->partbound != nullptr;
    case T_AlterEnumStmt:
      return castNode(AlterEnumStmt, statement)->oldVal != nullptr;
    case T_AlterObjectSchemaStmt:
      return castNode(AlterObjectSchemaStmt, statement)->objectType == OBJECT_TABLE;
    default:
      return IsA(statement, AlterTableStmt);
  }
}

void Follow(Node* statement) {
  if (!Concerns(statement) || !AnyQuery()) return;
  if (IsA(statement, AlterEnumStmt)) {
    FollowEnum();
    return;
  }
  ListCell* table;
  foreach (table, TablesOf(statement)) {
    Oid const relation = lfirst_oid(table);
    if (IsA(statement, RenameStmt)) {
      FollowRename(relation, castNode(RenameStmt, statement));
    } else if (IsA(statement, CreateStmt)) {
      FollowNewPartition(relation);
    } else if (IsA(statement, AlterObjectSchemaStmt)) {
      FollowNewSchema(relation);
    } else {
      ListCell* command;
      foreach (command, castNode(AlterTableStmt, statement)->cmds) {
        FollowCommand(relation, lfirst_node(AlterTableCmd, command));
      }
    }
  }
}

}  // namespace
}  // namespace phisync::sync

// Event trigger on ddl_command_end
PHISYNC_FUNCTION(phisync_follow_alter) {
  phisync::pg::RequireEventTrigger(fcinfo, "phisync.follow_alter");
  phisync::sync::Follow(reinterpret_cast<EventTriggerData*>(fcinfo->context)->parsetree);
  return Datum{0};
}
