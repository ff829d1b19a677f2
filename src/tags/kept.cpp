// Keeps tags where a command other than SECURITY LABEL would take them away: tags that came from a
// parent or a schema become the table's own when it leaves them, and a view's own label goes when
// somebody who may not weaken tags gives the view another query.

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/label_change.h"
#include "pg/boundary.h"
#include "pg/event_trigger.h"
#include "tags/catalog_facts.h"
#include "tags/resolver.h"
#include "tags/stored_label.h"
#include "tags/tags.h"
#include "tags/weakened.h"

namespace phisync::tags {
namespace {

// Tables that may have lost tags.
struct Losers {
  List* relations;  // each before its heirs
  bool of_parents;  // what they had from parents or a schema; else what a dropped column meant
  bool alone;       // DETACH CONCURRENTLY, which has several transactions
};

void AddWithHeirs(Oid relation, Losers* losers) {
  losers->relations =
      list_concat_unique_oid(losers->relations, find_all_inheritors(relation, NoLock, nullptr));
}

void AddAffected(Affected affected, Losers* losers) {
  ListCell* cell;
  foreach (cell, RelationsOfCommand(affected)) AddWithHeirs(lfirst_oid(cell), losers);
}

// Columns go with their types, too: DROP DOMAIN ... CASCADE, DROP OWNED and the like.
Losers FindLosersOfDrop() {
  Losers losers = {NIL, false, false};
  AddAffected(Affected::kWithoutColumn, &losers);
  return losers;
}

Losers FindLosers(const Node* statement) {
  Losers losers = {NIL, true, false};
  if (IsA(statement, AlterObjectSchemaStmt)) {
    AddAffected(Affected::kTables, &losers);
    return losers;
  }
  if (!IsA(statement, AlterTableStmt)) return losers;
  bool parent = false;
  ListCell* cell;
  foreach (cell, castNode(AlterTableStmt, statement)->cmds) {
    const auto* const command = lfirst_node(AlterTableCmd, cell);
    switch (command->subtype) {
      case AT_DropInherit:
        parent = true;
        break;
      case AT_DetachPartition:
      case AT_DetachPartitionFinalize: {
        const auto* const partition = castNode(PartitionCmd, command->def);
        AddWithHeirs(RangeVarGetRelid(partition->name, NoLock, false), &losers);
        losers.alone = partition->concurrent;
        break;
      }
      default:
        break;
    }
  }
  if (parent) AddAffected(Affected::kTables, &losers);
  return losers;
}

// Locks all that the relation inherited from against SECURITY LABEL: a tag that a parent is just
// getting is either seen here, or not meant for this relation any more.
void LockFormerParents(Oid relation, bool alone) {
  pg::PushSnapshotBefore(alone);
  List* ancestors = ReadParents(relation, GetActiveSnapshot());
  // The list grows while it is walked.
  for (int i = 0; i < list_length(ancestors); ++i) {
    ancestors = list_concat_unique_oid(
        ancestors, ReadParents(list_nth_oid(ancestors, i), GetActiveSnapshot()));
  }
  pg::PopSnapshotBefore();
  ListCell* cell;
  foreach (cell, ancestors) LockRelationOid(lfirst_oid(cell), ShareUpdateExclusiveLock);
}

bool HasRowCodes(const RelationTags& tags) {
  return std::any_of(tags.columns.begin(), tags.columns.end(),
                     [](const ColumnTag& tag) { return tag.row_codes; });
}

// Whether the labels of relations say less of all rows than they did.
bool LostForRows(const RelationTags& before, const RelationTags& after) {
  return (before.sens & ~after.sens) != 0 || (before.part2 && !after.part2) ||
         before.conf > after.conf ||
         (before.holds_phi && after.holds_phi && after.unclassified < before.unclassified);
}

// The label that makes a table count as it did before, with all that its own label says.
std::string TableLabelOf(const Resolver::Resolved& before, const Resolver::Resolved& after) {
  TableLabel label = after.own.value_or(TableLabel());
  label.phi = true;
  label.unclassified =
      std::max(after.own ? label.unclassified : Unclassified::kKeep, before.tags.unclassified);
  label.sens |= before.tags.sens;
  label.part2 = label.part2 || before.tags.part2;
  label.conf = std::max(label.conf, before.tags.conf);
  if (label.sens != 0) label.conf = std::max(label.conf, Confidentiality::kRestricted);
  for (std::size_t i = 0; i < before.tags.columns.size() && label.subject.empty(); ++i) {
    const ColumnTag& tag = before.tags.columns[i];
    if (tag.subject && tag.label.empty() && !after.names[i].empty()) label.subject = after.names[i];
  }
  return Format(label);
}

// Stores what the relation has lost as labels of its own. Returns whether that was anything.
bool Keep(Oid relation, Resolver::Resolved before, bool of_parents) {
  Resolver resolver;
  const Resolver::Resolved& after = resolver.Resolve(relation);
  bool stored = false;
  bool opened = of_parents && before.tags.holds_phi && !after.tags.holds_phi;
  for (std::size_t i = 0; i < before.tags.columns.size(); ++i) {
    const ColumnTag& old = before.tags.columns[i];
    const ColumnTag& now = after.tags.columns[i];
    if (after.names[i].empty()) {
      // A column that said of each row how sensitive it is.
      if (old.row_codes) JoinAnySensitivity(&before.tags);
      continue;
    }
    opened = opened || (old.text == "unclassified" && !now.phi);
    if (old.label.empty() || old.label == now.label) continue;
    StoreLabel(relation, static_cast<AttrNumber>(i + 1), old.label);
    stored = true;
  }
  // A label that cannot be read counts as PHI, and stays.
  const bool readable = after.own || !after.own_label;
  if (readable && ((opened && !after.own) || LostForRows(before.tags, after.tags))) {
    StoreLabel(relation, 0, TableLabelOf(before, after));
    stored = true;
  }
  if (stored) FinishLabels(relation);
  return stored;
}

// What no label can keep: columns that are unclassified because their parents say different things.
void RefuseWeaker(Oid relation, const Resolver::Resolved& before) {
  Resolver resolver;
  const std::vector<WeakerTag> weaker = WeakerTags(before, resolver.Resolve(relation));
  if (weaker.empty() || IsOfficer()) return;
  const char* name = pg::Call([&] { return get_rel_name(relation); });
  throw Error(sqlstate::kInsufficientPrivilege,
              "must be a member of phisync_officer to weaken the tag of column \"" +
                  weaker.front().column + "\" of relation \"" + name + "\"",
              weaker.front().why, "Tag the column of the relation itself first.");
}

void KeepOf(const Losers& losers) {
  const int count = list_length(losers.relations);
  if (count == 0) return;
  pg::Call([&] {
    if (losers.of_parents) LockFormerParents(linitial_oid(losers.relations), losers.alone);
    pg::PushSnapshotBefore(losers.alone);
  });
  std::vector<Resolver::Resolved> before;
  Resolver resolver(GetActiveSnapshot());
  for (int i = 0; i < count; ++i) {
    before.push_back(resolver.Resolve(list_nth_oid(losers.relations, i)));
  }
  pg::Call([] { pg::PopSnapshotBefore(); });
  for (int i = 0; i < count; ++i) {
    const Oid relation = list_nth_oid(losers.relations, i);
    const Resolver::Resolved& was = before[static_cast<std::size_t>(i)];
    if (!was.tags.holds_phi && !HasRowCodes(was.tags)) continue;
    if (Keep(relation, was, losers.of_parents)) {
      pg::Call([&] {
        ereport(NOTICE,
                (errmsg("relation \"%s\" keeps its tags as its own", get_rel_name(relation)),
                 errdetail("They came from a parent, a schema or a column that it has no more.")));
      });
    }
    RefuseWeaker(relation, was);
  }
}

// Whether the own label of a view's column says less than what the column reads now.
bool SaysLess(const char* own, const Resolver::Derived& read) {
  if (!read.phi) return false;
  try {
    const ColumnLabel label = ParseColumnLabel(own);
    return read.classified ? !Weaker(read.label, label).empty() : read.mixed || !label.phi();
  } catch (const Error&) {
    return false;  // counts as unclassified
  }
}

// Takes labels away that were right for another query.
void Unlabel(Oid view) {
  const RelationFacts* facts = pg::Call([&] { return ReadFacts(view); });
  if (facts == nullptr || !facts->is_view) return;
  Resolver resolver;
  std::string columns;
  bool open = false;
  for (int i = 0; i < facts->column_count; ++i) {
    const ColumnFacts& column = facts->columns[i];
    if (column.dropped) continue;
    const Resolver::Derived read = resolver.Derive(column);
    open = open || (read.phi && !read.classified);
    if (column.label == nullptr || !SaysLess(column.label, read)) continue;
    RemoveLabel(view, static_cast<AttrNumber>(i + 1));
    columns += (columns.empty() ? "" : ", ") + std::string(NameStr(column.name));
  }
  const bool whole =
      open && facts->label != nullptr && std::string(facts->label).starts_with("none");
  if (whole) RemoveLabel(view, 0);
  if (columns.empty() && !whole) return;
  FinishLabels(view);
  pg::Call([&] {
    ereport(WARNING,
            (errmsg("view \"%s\" has lost its own tags%s%s", get_rel_name(view),
                    columns.empty() ? "" : " of ", columns.c_str()),
             errdetail("They said less than what its new query reads, and only a member of "
                       "phisync_officer may keep them."),
             errhint("Ask an officer to look at the query and to tag the view again.")));
  });
}

void UnlabelOf(const Node* statement) {
  List* views = NIL;
  if (IsA(statement, ViewStmt)) {
    if (!castNode(ViewStmt, statement)->replace) return;
    views = pg::Call([] { return RelationsOfCommand(Affected::kViews); });
  } else if (IsA(statement, RuleStmt)) {
    const auto* const rule = castNode(RuleStmt, statement);
    if (rule->event != CMD_SELECT) return;
    views =
        pg::Call([&] { return list_make1_oid(RangeVarGetRelid(rule->relation, NoLock, false)); });
  }
  if (views == NIL || IsOfficer()) return;
  for (int i = 0; i < list_length(views); ++i) Unlabel(list_nth_oid(views, i));
}

}  // namespace
}  // namespace phisync::tags

// Fires after commands that may take tags away, and after columns are dropped.
PHISYNC_FUNCTION(phisync_keep_tags) {
  using namespace phisync;
  pg::RequireEventTrigger(fcinfo, "phisync.keep_tags");
  const auto* const data = reinterpret_cast<EventTriggerData*>(fcinfo->context);
  if (strcmp(data->event, "sql_drop") == 0) {
    tags::KeepOf(pg::Call([] { return tags::FindLosersOfDrop(); }));
    return Datum{0};
  }
  tags::KeepOf(pg::Call([&] { return tags::FindLosers(data->parsetree); }));
  tags::UnlabelOf(data->parsetree);
  return Datum{0};
}
