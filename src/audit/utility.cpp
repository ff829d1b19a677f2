#include "audit/utility.h"

#include "audit/touched.h"
#include "pg/boundary.h"
#include "pg/executor.h"
#include "pg/utility.h"

namespace phisync::audit {
namespace {

// As the command itself will find it; no lock is taken, and a missing one is the command's error.
Oid Lookup(const RangeVar* name) {
  return pg::Call([&] { return RangeVarGetRelid(name, NoLock, true); });
}

const char* OptionText(List* options, const char* wanted) {
  ListCell* cell = nullptr;
  foreach (cell, options) {
    auto* option = static_cast<DefElem*>(lfirst(cell));
    if (strcmp(option->defname, wanted) == 0) return defGetString(option);
  }
  return nullptr;
}

// The database that the command needs for itself; null if none.
const char* DatabaseNeeded(Node* command) {
  switch (nodeTag(command)) {
    case T_DropdbStmt:
      return reinterpret_cast<DropdbStmt*>(command)->dbname;
    case T_CreatedbStmt: {
      const char* source =
          OptionText(reinterpret_cast<CreatedbStmt*>(command)->options, "template");
      return source != nullptr ? source : "template1";
    }
    case T_AlterDatabaseStmt: {
      auto* alter = reinterpret_cast<AlterDatabaseStmt*>(command);
      return OptionText(alter->options, "tablespace") != nullptr ? alter->dbname : nullptr;
    }
    case T_RenameStmt: {
      auto* rename = reinterpret_cast<RenameStmt*>(command);
      return rename->renameType == OBJECT_DATABASE ? rename->subname : nullptr;
    }
    default:
      return nullptr;
  }
}

}  // namespace

const char* FindTouchedByUtility(Node* command, Event& event) {
  if (IsA(command, CopyStmt)) {
    auto* copy = reinterpret_cast<CopyStmt*>(command);
    if (copy->relation == nullptr) return nullptr;  // COPY (query) goes through the executor
    const Oid relation = Lookup(copy->relation);
    if (relation < FirstNormalObjectId || !FindTouchedWhole(relation, copy->attlist, event))
      return nullptr;
    event.source = copy->is_from ? EventSource::kStatement : EventSource::kRead;
    return copy->is_from ? "COPY FROM" : "COPY TO";
  }
  if (IsA(command, TruncateStmt)) {
    List* names = reinterpret_cast<TruncateStmt*>(command)->relations;
    for (int i = 0; i < list_length(names); ++i) {
      const Oid relation = Lookup(static_cast<RangeVar*>(list_nth(names, i)));
      if (relation >= FirstNormalObjectId) FindTouchedWhole(relation, NIL, event);
    }
    event.source = EventSource::kStatement;
    return event.relations.empty() ? nullptr : "TRUNCATE TABLE";
  }
  return nullptr;
}

Oid DatabaseNeededBy(Node* command) {
  const char* name = DatabaseNeeded(command);
  return name != nullptr ? get_database_oid(name, true) : InvalidOid;
}

}  // namespace phisync::audit
