#pragma once
// What this session knows of the tags of relations, kept until the server says that they changed.

#include <string>
#include <vector>

#include "pg/backend.h"

namespace phisync::audit {

struct TaggedRelation {
  bool holds_phi = false;
  std::vector<std::string> tags;  // [attnum - 1]: class as text, "" where the column is not PHI

  // Class of a user column; "" if it is not PHI.
  [[nodiscard]] const std::string& TagOf(AttrNumber attnum) const;
};

// Never null; good until the next call. Throws.
const TaggedRelation& TagsOf(Oid relation);

void InitTagCache();

}  // namespace phisync::audit
