#pragma once

#include "pg/backend.h"

namespace phisync::tags {

// All three own nothing and raise the server's errors: call from a frame without C++ objects, or
// inside pg::Call.

// The relation, its heirs and the views on any of them or on what they inherit from, however deep:
// all whose effective tags may follow the relation's. Of one that does not exist: itself alone.
List* Dependents(Oid relation);

// The same for every relation of the schema.
List* DependentsOfSchema(Oid schema);

// Sends a relcache invalidation for each; SECURITY LABEL itself sends none. The message is part of
// the transaction and of its WAL, so a cache in logical decoding drops its entry at the right
// place.
void Invalidate(List* relations);

}  // namespace phisync::tags
