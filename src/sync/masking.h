#pragma once
// How a column's values are transformed on their way out.

#include <optional>
#include <vector>

#include "pg/catalog.h"
#include "profiles/profiles.h"
#include "tags/tags.h"

namespace phisync::sync {

// Two that are equal give the same of every row.
struct Masking {
  Transform transform;  // not keep and not drop; with its scope
  ClassId tag_class = kClassNone;
  ValueType type = ValueType::kOther;
  // Column with the id of the person whom the value is about, where that matters; 0: nobody knows.
  AttrNumber subject = 0;
  bool operator==(const Masking&) const = default;
};

// What `treatments` and `tags`, both the relation's, make of a column. Throws.
Masking MaskingOf(Relation relation, AttrNumber column,
                  const std::vector<profiles::Treatment>& treatments,
                  const tags::RelationTags& tags);

// Error 55000 if the transformation needs a key that is not to be had. Throws.
void RequireKey(const Transform& transform);

}  // namespace phisync::sync
