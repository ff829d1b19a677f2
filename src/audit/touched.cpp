#include "audit/touched.h"

#include <algorithm>

#include "audit/tag_cache.h"
#include "audit/who.h"
#include "pg/boundary.h"

namespace phisync::audit {
namespace {

bool Named(const Bitmapset* columns, AttrNumber attnum) {
  return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns) ||
         bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns);
}

TouchedRelation& RelationIn(Event& event, Oid relation) {
  for (TouchedRelation& known : event.relations) {
    if (known.oid == relation) return known;
  }
  return event.relations.emplace_back(TouchedRelation{relation, QualifiedName(relation), {}});
}

void AddColumn(TouchedRelation& relation, AttrNumber attnum, const std::string& tag) {
  const char* name = pg::Call([&] { return get_attname(relation.oid, attnum, true); });
  TouchedColumn column{name != nullptr ? name : "", tag};
  if (std::find(relation.columns.begin(), relation.columns.end(), column) ==
      relation.columns.end()) {
    relation.columns.push_back(std::move(column));
  }
}

// Adds what one range table entry touches; true if some of it is read.
bool AddEntry(Oid relation, const pg::Touched& touched, Event& event) {
  // Adding does not read tags again, so the reference stays good.
  const TaggedRelation& tags = TagsOf(relation);
  if (!tags.holds_phi) return false;
  const bool whole = (touched.mode & ACL_DELETE) != 0;
  bool read = false;
  for (std::size_t i = 0; i < tags.tags.size(); ++i) {
    const auto attnum = static_cast<AttrNumber>(i + 1);
    if (tags.tags[i].empty()) continue;
    const bool selected = Named(touched.selected, attnum);
    if (!selected && !whole && !Named(touched.inserted, attnum) &&
        !Named(touched.updated, attnum)) {
      continue;
    }
    read = read || selected;
    AddColumn(RelationIn(event, relation), attnum, tags.tags[i]);
  }
  return read;
}

}  // namespace

bool FindTouched(const PlannedStmt* statement, Event& event) {
  bool read = false;
  const int entries = list_length(statement->rtable);
  for (int i = 0; i < entries; ++i) {
    const auto* entry = static_cast<const RangeTblEntry*>(list_nth(statement->rtable, i));
    if (entry->rtekind != RTE_RELATION && entry->rtekind != RTE_SUBQUERY) continue;
    if (entry->relid < FirstNormalObjectId) continue;
    const pg::Touched touched = pg::TouchedOf(statement, entry);
    if (touched.mode != 0) read = AddEntry(entry->relid, touched, event) || read;
  }
  event.source = read ? EventSource::kRead : EventSource::kStatement;
  return !event.relations.empty();
}

bool FindTouchedWhole(Oid relation, List* columns, Event& event) {
  const TaggedRelation& tags = TagsOf(relation);
  if (!tags.holds_phi) return false;
  for (std::size_t i = 0; i < tags.tags.size(); ++i) {
    if (tags.tags[i].empty()) continue;
    const auto attnum = static_cast<AttrNumber>(i + 1);
    bool named = columns == NIL;
    const int count = list_length(columns);
    for (int c = 0; c < count && !named; ++c) {
      named =
          pg::Call([&] { return get_attnum(relation, strVal(list_nth(columns, c))) == attnum; });
    }
    if (named) AddColumn(RelationIn(event, relation), attnum, tags.tags[i]);
  }
  return !event.relations.empty();
}

}  // namespace phisync::audit
