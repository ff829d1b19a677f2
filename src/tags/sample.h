#pragma once
// Looks at some rows of a table, to count what its values look like.

#include <vector>

#include "core/detect.h"
#include "pg/backend.h"

namespace phisync::tags {

// Counts what values of at most `rows` rows of the table look like: each column with its attribute
// number in `numbers`. Reads as the caller of the SQL function may, under row-level security, and
// in a read-only subtransaction that is undone, so that no lock is kept. Sets *sampled to the
// number of rows. Returns null, or why no value was looked at, a palloc'd or constant text without
// any value. Throws.
const char* Sample(Oid relation, int rows, const std::vector<AttrNumber>& numbers,
                   std::vector<detect::Column>& columns, std::vector<char>& denied, int* sampled);

}  // namespace phisync::tags
