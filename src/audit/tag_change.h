#pragma once
// The record of a tag that was removed or weakened.

#include "pg/backend.h"

struct ObjectAddress;

namespace phisync::audit {

// Writes it to the trail in the current transaction: it is there if and only if the change is. Null
// labels: none. Does nothing in a database without a trail. Throws.
void RecordTagChange(const ObjectAddress& object, const char* before, const char* after);

}  // namespace phisync::audit
