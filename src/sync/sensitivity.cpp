#include "sync/sensitivity.h"

#include <algorithm>

#include "pg/boundary.h"
#include "pg/seclabel.h"
#include "tags/tags.h"

namespace phisync::sync {
namespace {

AttrNumber FirstIn(Bitmapset* set, Bitmapset* reads) {
  for (int i = -1; (i = bms_next_member(reads, i)) >= 0;) {
    if (bms_is_member(i, set)) return static_cast<AttrNumber>(i);
  }
  return 0;
}

Bitmapset** SetFor(ColumnFates& fates, Op op) {
  switch (op) {
    case Op::kKeep:
      return nullptr;
    case Op::kDrop:
      return &fates.dropped;
    case Op::kNull:
      return &fates.nulled;
    default:
      return &fates.masked;
  }
}

void Add(Bitmapset*& set, std::size_t column) {
  set = pg::Call([&] { return bms_add_member(set, static_cast<int>(column) + 1); });
}

}  // namespace

ColumnFates FatesOf(const std::vector<profiles::Treatment>& treatments) {
  ColumnFates fates;
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    const profiles::Treatment& treatment = treatments[i];
    if (treatment.rows) Add(fates.row_codes, i);
    if (!treatment.phi) continue;
    if (treatment.unclassified) Add(fates.unclassified, i);
    Bitmapset** const set = SetFor(fates, treatment.transform.op);
    if (set == nullptr) continue;
    Add(*set, i);
    if (set == &fates.masked && treatment.transform.facts().fits_keys()) Add(fates.coded, i);
  }
  return fates;
}

ColumnFates FatesUnder(const char* profile, Oid relation) {
  return FatesOf(profiles::TreatmentsOf(profiles::Require(profile), relation));
}

Bitmapset* Withheld(const ColumnFates& fates) {
  return pg::Call([&] { return bms_union(bms_union(fates.dropped, fates.nulled), fates.masked); });
}

bool IsUntagged(Oid relation) {
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  const bool columns = std::any_of(tags.columns.begin(), tags.columns.end(),
                                   [](const tags::ColumnTag& tag) { return !tag.text.empty(); });
  if (columns || tags.holds_phi) return false;
  return pg::Call([&] {
    const ObjectAddress object = {RelationRelationId, relation, 0};
    return GetSecurityLabel(&object, tags::kProvider) == nullptr;
  });
}

Fate FateOf(const ColumnFates& fates, const CompiledOutput* output) {
  const bool column = output->attnum != 0;
  if (bms_overlap(output->reads, fates.dropped)) return Fate::kDropped;
  if (bms_overlap(output->reads, fates.nulled)) return column ? Fate::kNulled : Fate::kDropped;
  if (bms_overlap(output->reads, fates.masked)) return column ? Fate::kMasked : Fate::kUnsayable;
  return Fate::kSent;
}

Exposure FindExposure(const ColumnFates& fates, const CompiledQuery* query,
                      Bitmapset* primary_key) {
  using Part = Exposure::Part;
  Bitmapset* const withheld = Withheld(fates);
  if (withheld == nullptr) return {};
  Bitmapset* const lost = pg::Call([&] { return bms_difference(withheld, fates.coded); });
  // Only a column itself can be sent as its code.
  Bitmapset* const not_in_id = query->id->attnum != 0 ? lost : withheld;
  if (AttrNumber const column = FirstIn(not_in_id, query->id->reads)) {
    return {Part::kId, nullptr, column};
  }
  ListCell* cell;
  foreach (cell, query->parameters) {
    const auto* const parameter = static_cast<CompiledParameter*>(lfirst(cell));
    if (AttrNumber const column = FirstIn(withheld, parameter->reads)) {
      return {Part::kParameter, parameter->name, column};
    }
  }
  if (AttrNumber const column = FirstIn(lost, primary_key)) {
    return {Part::kPrimaryKey, nullptr, column};
  }
  return {};
}

}  // namespace phisync::sync
