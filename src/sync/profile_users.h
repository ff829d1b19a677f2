#pragma once
// Buckets when the profile that they have changes. All functions raise the server's errors, so the
// frames of their callers own nothing.

#include "pg/catalog.h"

namespace phisync::sync {

// The buckets that have the profile (String), in order; as they are now, also to a transaction
// whose snapshot does not show them.
List* BucketsWithProfile(const char* profile);

// Locks the tables of these buckets against writers until the transaction ends, so that none
// straddles the change. To be called before it.
void LockForProfileChange(const char* profile);

// To be called after the change: raises the reason, with the bucket, if one of them could not be
// served any more; makes caches forget their tables and tells consumers to take the buckets anew.
void FollowProfileChange(const char* profile);

}  // namespace phisync::sync
