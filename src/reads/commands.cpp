#include "reads/commands.h"

#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/parser.h"
#include "pg/utility.h"

// Frames here own nothing with a destructor.
namespace phisync::reads {
namespace {

// The columns of one relation that a command reads.
struct Reading {
  Oid relation;
  Bitmapset* columns;
};

Reading Of(RangeVar* name) {
  return {name != nullptr ? RangeVarGetRelid(name, NoLock, true) : InvalidOid, nullptr};
}

void AddColumn(Reading& reading, AttrNumber column) {
  reading.columns = bms_add_member(reading.columns, column - FirstLowInvalidHeapAttributeNumber);
}

void AddWholeRow(Reading& reading) {
  AddColumn(reading, InvalidAttrNumber);
}

// No names are resolved yet: what can name the relation's column, or the whole row, does.
void AddReference(Reading& reading, const ColumnRef* reference) {
  const char* const relation = get_rel_name(reading.relation);
  bool qualified = false;
  AttrNumber column = InvalidAttrNumber;
  const int count = list_length(reference->fields);
  for (int i = 0; i < count; ++i) {
    const auto* field = static_cast<const Node*>(list_nth(reference->fields, i));
    const char* name = IsA(field, String) ? strVal(field) : nullptr;
    qualified =
        qualified || (name != nullptr && relation != nullptr && strcmp(name, relation) == 0);
    column = name != nullptr ? get_attnum(reading.relation, name) : InvalidAttrNumber;
    if (column > 0) AddColumn(reading, column);
  }
  // patient, (patient).ssn, patient.*; and patient.f, which calls f with the row.
  if (qualified && column <= 0) AddWholeRow(reading);
}

bool AddReferences(Node* node, void* context) {
  if (node == nullptr) return false;
  if (!IsA(node, ColumnRef)) return pg::WalkRawTree(node, AddReferences, context);
  AddReference(*static_cast<Reading*>(context), reinterpret_cast<ColumnRef*>(node));
  return false;
}

void AddIndexElements(Reading& reading, List* elements) {
  for (int i = 0; i < list_length(elements); ++i) {
    AddReferences(static_cast<IndexElem*>(list_nth(elements, i))->expr, &reading);
  }
}

void AddConstraint(Reading& reading, const Constraint* constraint) {
  if (constraint->contype == CONSTR_DEFAULT) return;
  AddReferences(constraint->raw_expr, &reading);
  AddReferences(constraint->where_clause, &reading);
  for (int i = 0; i < list_length(constraint->exclusions); ++i) {
    // An element and its operator.
    const auto* pair = static_cast<List*>(list_nth(constraint->exclusions, i));
    AddReferences(static_cast<IndexElem*>(linitial(pair))->expr, &reading);
  }
}

// Whether rows that come with a partition are handed to functions of the key.
bool KeyHasExpressions(Oid partitioned) {
  HeapTuple tuple = SearchSysCache1(PARTRELID, ObjectIdGetDatum(partitioned));
  if (!HeapTupleIsValid(tuple)) return false;
  const bool has = !heap_attisnull(tuple, Anum_pg_partitioned_table_partexprs, nullptr);
  ReleaseSysCache(tuple);
  return has;
}

List* Append(List* entries, const Reading& reading) {
  if (!OidIsValid(reading.relation) || reading.columns == nullptr) return entries;
  return lappend(entries, pg::MakeReadEntry(reading.relation, reading.columns));
}

List* OfAlterTable(const AlterTableStmt* statement) {
  Reading reading = Of(statement->relation);
  if (!OidIsValid(reading.relation)) return nullptr;
  List* entries = nullptr;
  for (int i = 0; i < list_length(statement->cmds); ++i) {
    const auto* command = static_cast<AlterTableCmd*>(list_nth(statement->cmds, i));
    Node* const definition = command->def;
    switch (command->subtype) {
      case AT_AlterColumnType: {
        // The cast can be a function of the user's, or the type a domain with a check.
        if (const AttrNumber column = get_attnum(reading.relation, command->name); column > 0) {
          AddColumn(reading, column);
        }
        AddReferences(reinterpret_cast<ColumnDef*>(definition)->raw_default, &reading);
        break;
      }
      case AT_AddColumn: {
        List* const constraints = reinterpret_cast<ColumnDef*>(definition)->constraints;
        for (int c = 0; c < list_length(constraints); ++c) {
          AddConstraint(reading, static_cast<Constraint*>(list_nth(constraints, c)));
        }
        break;
      }
      case AT_AddConstraint:
        AddConstraint(reading, reinterpret_cast<Constraint*>(definition));
        break;
      case AT_AttachPartition:
        if (KeyHasExpressions(reading.relation)) {
          Reading part = Of(reinterpret_cast<PartitionCmd*>(definition)->name);
          AddWholeRow(part);
          entries = Append(entries, part);
        }
        break;
      default:
        if (pg::SetsExpression(command)) AddReferences(definition, &reading);
        break;
    }
  }
  return Append(entries, reading);
}

// phisync's own triggers keep to themselves what they see.
bool IsOwnFunction(List* name) {
  const Oid schema = get_namespace_oid("phisync", true);
  const Oid function = LookupFuncName(name, 0, nullptr, true);
  return OidIsValid(schema) && OidIsValid(function) && get_func_namespace(function) == schema;
}

List* OfTrigger(const CreateTrigStmt* statement) {
  // Without rows there is nothing to hand over.
  if ((!statement->row && statement->transitionRels == nullptr) ||
      IsOwnFunction(statement->funcname)) {
    return nullptr;
  }
  Reading reading = Of(statement->relation);
  AddWholeRow(reading);
  return Append(nullptr, reading);
}

List* OfRule(const RuleStmt* statement) {
  // What a view reads is checked when it is read.
  if (statement->event == CMD_SELECT) return nullptr;
  Reading reading = Of(statement->relation);
  AddWholeRow(reading);
  return Append(nullptr, reading);
}

List* OfPolicy(RangeVar* table, Node* using_rows, Node* with_check) {
  Reading reading = Of(table);
  if (!OidIsValid(reading.relation)) return nullptr;
  AddReferences(using_rows, &reading);
  AddReferences(with_check, &reading);
  return Append(nullptr, reading);
}

List* OfIndex(const IndexStmt* statement) {
  // The server's own, for a new table LIKE another: it has no rows.
  if (statement->transformed) return nullptr;
  Reading reading = Of(statement->relation);
  if (!OidIsValid(reading.relation)) return nullptr;
  AddIndexElements(reading, statement->indexParams);
  AddReferences(statement->whereClause, &reading);
  return Append(nullptr, reading);
}

// The columns of a domain and of domains over it.
void AppendColumnsOf(Oid domain, List** entries) {
  Relation catalog = table_open(DependRelationId, AccessShareLock);
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(TypeRelationId));
  ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(domain));
  SysScanDesc scan =
      systable_beginscan(catalog, DependReferenceIndexId, true, nullptr, lengthof(keys), keys);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    const auto* found = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
    if (found->classid == TypeRelationId && get_typtype(found->objid) == TYPTYPE_DOMAIN) {
      AppendColumnsOf(found->objid, entries);
    } else if (found->classid == RelationRelationId && found->objsubid > 0) {
      Reading reading = {found->objid, nullptr};
      AddColumn(reading, static_cast<AttrNumber>(found->objsubid));
      *entries = Append(*entries, reading);
    }
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
}

// A new CHECK is tried on every row that there is.
List* OfDomain(const AlterDomainStmt* statement) {
  constexpr char kAddConstraint = 'C';
  if (statement->subtype != kAddConstraint) return nullptr;
  const Oid domain =
      LookupTypeNameOid(nullptr, makeTypeNameFromNameList(statement->typeName), true);
  List* entries = nullptr;
  if (OidIsValid(domain)) AppendColumnsOf(domain, &entries);
  return entries;
}

List* OfStatistics(const CreateStatsStmt* statement) {
  // As with an index.
  if (statement->transformed) return nullptr;
  if (list_length(statement->relations) != 1) return nullptr;
  auto* table = static_cast<Node*>(linitial(statement->relations));
  if (!IsA(table, RangeVar)) return nullptr;
  Reading reading = Of(reinterpret_cast<RangeVar*>(table));
  if (!OidIsValid(reading.relation)) return nullptr;
  for (int i = 0; i < list_length(statement->exprs); ++i) {
    AddReferences(static_cast<StatsElem*>(list_nth(statement->exprs, i))->expr, &reading);
  }
  return Append(nullptr, reading);
}

bool ChecksRows(const AlterTableStmt* statement) {
  for (int i = 0; i < list_length(statement->cmds); ++i) {
    switch (static_cast<AlterTableCmd*>(list_nth(statement->cmds, i))->subtype) {
      case AT_AddColumn:
      case AT_AlterColumnType:
      case AT_AddConstraint:
      case AT_ValidateConstraint:
      case AT_SetNotNull:
      case AT_AttachPartition:
        return true;
      default:
        break;
    }
  }
  return false;
}

}  // namespace

bool MayHandOverRows(const Node* command) {
  switch (nodeTag(command)) {
    case T_AlterTableStmt:
    case T_IndexStmt:
    case T_CreateTrigStmt:
    case T_RuleStmt:
    case T_CreatePolicyStmt:
    case T_AlterPolicyStmt:
    case T_CreateStatsStmt:
    case T_AlterDomainStmt:
    case T_ReindexStmt:
      return true;
    default:
      return false;
  }
}

List* EntriesReadBy(Node* command) {
  switch (nodeTag(command)) {
    case T_AlterTableStmt:
      return OfAlterTable(reinterpret_cast<AlterTableStmt*>(command));
    case T_IndexStmt:
      return OfIndex(reinterpret_cast<IndexStmt*>(command));
    case T_CreateTrigStmt:
      return OfTrigger(reinterpret_cast<CreateTrigStmt*>(command));
    case T_RuleStmt:
      return OfRule(reinterpret_cast<RuleStmt*>(command));
    case T_CreatePolicyStmt: {
      auto* policy = reinterpret_cast<CreatePolicyStmt*>(command);
      return OfPolicy(policy->table, policy->qual, policy->with_check);
    }
    case T_AlterPolicyStmt: {
      auto* policy = reinterpret_cast<AlterPolicyStmt*>(command);
      return OfPolicy(policy->table, policy->qual, policy->with_check);
    }
    case T_CreateStatsStmt:
      return OfStatistics(reinterpret_cast<CreateStatsStmt*>(command));
    case T_AlterDomainStmt:
      return OfDomain(reinterpret_cast<AlterDomainStmt*>(command));
    default:
      return nullptr;
  }
}

Oid RelationCheckedBy(Node* command) {
  switch (nodeTag(command)) {
    case T_AlterTableStmt: {
      auto* alter = reinterpret_cast<AlterTableStmt*>(command);
      return ChecksRows(alter) ? Of(alter->relation).relation : InvalidOid;
    }
    case T_IndexStmt:
      return Of(reinterpret_cast<IndexStmt*>(command)->relation).relation;
    case T_ReindexStmt: {
      auto* reindex = reinterpret_cast<ReindexStmt*>(command);
      const Oid named = Of(reindex->relation).relation;
      return reindex->kind == REINDEX_OBJECT_INDEX && OidIsValid(named)
                 ? IndexGetRelation(named, true)
                 : named;
    }
    default:
      return InvalidOid;
  }
}

}  // namespace phisync::reads
