#pragma once
// Tags that DDL changes without a label being set. Consumers are told to take the buckets anew that
// this may concern. All functions raise the server's errors, so the frames of their callers own
// nothing.

#include "pg/catalog.h"

namespace phisync::sync {

// The relation has other parents now, and its columns perhaps other tags, and those of its heirs.
void FollowNewParents(Oid relation);

// The table is in another schema now.
void FollowNewSchema(Oid table);

// Columns of the table are gone, and with them perhaps what made the others PHI. To be called in
// the trigger on sql_drop.
void FollowDroppedLabels(Oid table);

}  // namespace phisync::sync
