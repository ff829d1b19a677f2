#pragma once
// What a statement that is about to start reads, and the steps in which the server works on it.

#include "pg/backend.h"

extern "C" {
#include <catalog/pg_statistic.h>
#include <catalog/pg_statistic_ext_data.h>
#include <executor/executor.h>
#include <nodes/parsenodes.h>
#include <optimizer/planner.h>
#include <utils/acl.h>
}

namespace phisync::pg {

// One relation that a statement names, with what it does to which columns. Both structures name
// alike what is used here: relid, requiredPerms, checkAsUser, selectedCols.
#if PG_VERSION_NUM >= 160000
using AccessEntry = RTEPermissionInfo;
#else
using AccessEntry = RangeTblEntry;
#endif

// The entry if it names a relation and reads columns of it, else null.
inline const AccessEntry* ReadEntry(const List* entries, int i) {
  const auto* entry = static_cast<const AccessEntry*>(list_nth(entries, i));
#if PG_VERSION_NUM < 160000
  if (entry->rtekind != RTE_RELATION) return nullptr;
#endif
  return entry->requiredPerms != 0 && entry->selectedCols != nullptr ? entry : nullptr;
}

// The relation that the entry's statement inserts into, updates or deletes from, else InvalidOid.
inline Oid WrittenRelation(const List* entries, int i) {
  const auto* entry = static_cast<const AccessEntry*>(list_nth(entries, i));
#if PG_VERSION_NUM < 160000
  if (entry->rtekind != RTE_RELATION) return InvalidOid;
#endif
  return (entry->requiredPerms & (ACL_INSERT | ACL_UPDATE | ACL_DELETE)) != 0 ? entry->relid
                                                                              : InvalidOid;
}

// An entry as a statement has it that reads `columns`, a set as selectedCols is. May raise.
inline AccessEntry* MakeReadEntry(Oid relation, Bitmapset* columns) {
#if PG_VERSION_NUM >= 160000
  auto* entry = makeNode(RTEPermissionInfo);
#else
  auto* entry = makeNode(RangeTblEntry);
  entry->rtekind = RTE_RELATION;
#endif
  entry->relid = relation;
  entry->requiredPerms = ACL_SELECT;
  entry->selectedCols = columns;
  return entry;
}

// Whether the statement may start; of `entries` see ReadEntry. Where `raise` is false it answers,
// else it raises an error instead of answering no.
using PermissionCheck = bool (*)(const List* entries, bool raise);

// Adds a check to those of the server and of other extensions, which come first.
void AddPermissionCheck(PermissionCheck check);

// What the server does with a statement that can run functions of users.
enum class Step {
  kPlan,    // evaluates what is constant
  kRun,     // fetches rows; BEFORE triggers
  kFinish,  // AFTER triggers, with them the server's checks of foreign keys
};

// Has each step of each statement done through `around`, which calls next(argument) once and may
// change the planner's options before (null in other steps).
using AroundStep = void (*)(Step step, int* options, void (*next)(void*), void* argument);
void AddAroundSteps(AroundStep around);

}  // namespace phisync::pg
