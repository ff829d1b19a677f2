#pragma once
// Data queries whose columns get new names.

#include "sync/query_text.h"

namespace phisync::sync {

// The text with the column `from` called `to` wherever the text names it, and all else, comments
// too, left as it is. An output that had the column's name keeps it by an alias, so that records
// stay the same. Reads no catalog. Raises as ReadQueryText; the frame of the caller may own
// nothing.
const char* RenameColumn(const char* text, const char* from, const char* to);

}  // namespace phisync::sync
