#include "sync/sensitivity.h"

#include <algorithm>

#include "pg/boundary.h"
#include "pg/seclabel.h"
#include "tags/tags.h"

namespace phisync::sync {
namespace {

AttrNumber FirstIn(Bitmapset* phi, Bitmapset* reads) {
  for (int i = -1; (i = bms_next_member(reads, i)) >= 0;) {
    if (bms_is_member(i, phi)) return static_cast<AttrNumber>(i);
  }
  return 0;
}

}  // namespace

Bitmapset* PhiColumns(Oid relation) {
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  return pg::Call([&] {
    Bitmapset* phi = nullptr;
    for (std::size_t i = 0; i < tags.columns.size(); ++i) {
      if (tags.columns[i].phi) phi = bms_add_member(phi, static_cast<int>(i) + 1);
    }
    return phi;
  });
}

bool IsUnclassified(Oid relation, AttrNumber column) {
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  return tags.columns[static_cast<std::size_t>(column) - 1].text == "unclassified";
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

Exposure FindExposure(const Profile& profile, Bitmapset* phi, const CompiledQuery* query,
                      Bitmapset* primary_key) {
  using Part = Exposure::Part;
  if (profile.grants_phi) return {};
  if (AttrNumber const column = FirstIn(phi, query->id->reads)) return {Part::kId, nullptr, column};
  ListCell* cell;
  foreach (cell, query->parameters) {
    const auto* const parameter = static_cast<CompiledParameter*>(lfirst(cell));
    if (AttrNumber const column = FirstIn(phi, parameter->reads)) {
      return {Part::kParameter, parameter->name, column};
    }
  }
  if (AttrNumber const column = FirstIn(phi, primary_key))
    return {Part::kPrimaryKey, nullptr, column};
  return {};
}

}  // namespace phisync::sync
