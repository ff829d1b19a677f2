#pragma once

#include <string>
#include <vector>

#include "pg/backend.h"

namespace phisync::tags {

struct Proposal {
  AttrNumber number;
  std::string column;
  std::string label;
};

// A label to begin with for each column of the relation, from names and types; never none. Throws.
std::vector<Proposal> ProposeLabels(Oid relation);

}  // namespace phisync::tags
