#pragma once
// What is said of a statement that reads PHI without a grant: the error, and what the trail keeps.

#include <vector>

#include "core/audit_event.h"
#include "core/read_kinds.h"
#include "pg/permissions.h"

namespace phisync::reads {

// The columns of the entries that need one of `kinds`, each relation once. Throws.
std::vector<audit::TouchedRelation> ColumnsOf(const List* entries, const ReadKinds& kinds);

// The error for a role that lacks `kinds`, for reading the relations. Throws it.
[[noreturn]] void Refuse(Oid role, const ReadKinds& kinds,
                         const std::vector<audit::TouchedRelation>& relations);

}  // namespace phisync::reads
