#pragma once

#include "pg/backend.h"

namespace phisync::tags {

// Sends a relcache invalidation for the relation, its heirs and the views on any of them, however
// deep: all whose effective tags may follow the relation's. SECURITY LABEL itself sends none. The
// message is part of the transaction and of its WAL, so a cache in logical decoding drops its entry
// at the right place. A relation that does not exist is ignored. Owns nothing and raises the
// server's errors: call from a frame without C++ objects, or inside pg::Call.
void InvalidateDependents(Oid relation);

// The same for every relation of the schema.
void InvalidateSchema(Oid schema);

}  // namespace phisync::tags
