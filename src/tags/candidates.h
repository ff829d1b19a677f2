#pragma once
// The columns of a relation that detection looks at.

#include <string>
#include <vector>

#include "core/detect.h"
#include "pg/backend.h"

namespace phisync::tags {

// A relation's columns as the catalog has them.
struct Candidates {
  std::vector<AttrNumber> numbers;
  std::vector<bool> own;  // false: inherited, so classified at the parent
  std::vector<detect::Column> columns;
};

// Empty if the relation does not exist. Throws.
Candidates ReadCandidates(Oid relation);

struct Proposal {
  AttrNumber number;
  std::string column;
  std::string label;
};

// A label to begin with for each column of the relation, from names and types; never none. Throws.
std::vector<Proposal> ProposeLabels(Oid relation);

}  // namespace phisync::tags
