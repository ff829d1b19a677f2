#pragma once
// Whether the roles that a statement runs for may read what it reads.

#include "core/read_kinds.h"
#include "pg/permissions.h"
#include "reads/settings.h"

namespace phisync::reads {

// What a role lacks.
struct Lack {
  Oid role = InvalidOid;
  ReadKinds kinds;
  bool exempt = false;
};

// What the role that the session has taken, or the one that runs now, lacks of `needed`. Throws.
Lack LackOf(const ReadKinds& needed);

// False: the statement must not start, and the caller does not want an error. Records the verdict.
// Throws.
bool Judge(const List* entries, bool raise, Enforcement enforcement);

}  // namespace phisync::reads
