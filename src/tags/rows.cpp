// What labels say of all rows of a relation.

#include <algorithm>

#include "core/sensitivity_codes.h"
#include "tags/resolver.h"

namespace phisync::tags {
namespace {

// What the label of the other says of all its rows.
void JoinRows(const RelationTags& other, RelationTags* rows) {
  rows->sens |= other.sens;
  rows->part2 = rows->part2 || other.part2;
  rows->conf = std::max(rows->conf, other.conf);
  if (!other.holds_phi) return;
  rows->holds_phi = true;
  rows->unclassified = std::max(rows->unclassified, other.unclassified);
}

}  // namespace

void JoinAnySensitivity(RelationTags* rows) {
  rows->sens |= (1U << SensitivityCodes().size()) - 1;
  rows->part2 = true;
  rows->conf = std::max(rows->conf, Confidentiality::kRestricted);
}

RelationTags Resolver::RowsOf(const std::vector<Read>& reads) {
  RelationTags rows;
  rows.unclassified = Unclassified::kKeep;
  for (const Read& read : reads) {
    const RelationTags& other = ResolveRead(read).tags;
    JoinRows(other, &rows);
    for (std::size_t c = 0; c < other.columns.size(); ++c) {
      const bool there = std::any_of(reads.begin(), reads.end(), [&](const Read& r) {
        return r.relation == read.relation && r.as_is && r.column == static_cast<AttrNumber>(c + 1);
      });
      if (other.columns[c].row_codes && !there) JoinAnySensitivity(&rows);
    }
  }
  return rows;
}

// What the labels of relations say of all rows.
void Resolver::ReadRelationLabels(const RelationFacts& facts, const std::optional<TableLabel>& own,
                                  RelationTags* tags) {
  RelationTags rows;
  rows.unclassified = Unclassified::kKeep;
  if (facts.is_view) {
    std::vector<Read> reads;
    for (int c = 0; c < facts.column_count; ++c) {
      List* const of_column = facts.columns[c].reads;
      for (int i = 0; i < list_length(of_column); ++i) {
        reads.push_back(*static_cast<const Read*>(list_nth(of_column, i)));
      }
    }
    rows = RowsOf(reads);
  }
  for (int i = 0; i < list_length(facts.parents); ++i) {
    JoinRows(Resolve(list_nth_oid(facts.parents, i)).tags, &rows);
  }
  tags->sens = rows.sens;
  tags->part2 = rows.part2;
  tags->conf = std::max(tags->conf, rows.conf);
  if (own) {
    tags->unclassified = std::max(own->unclassified, rows.unclassified);
    tags->sens |= own->sens;
    tags->part2 = tags->part2 || own->part2;
    if (own->phi) tags->conf = std::max(tags->conf, own->conf);
  } else if (rows.holds_phi) {
    tags->unclassified = rows.unclassified;
  }
}

}  // namespace phisync::tags
