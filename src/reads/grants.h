#pragma once
// What roles are granted to read: phisync.read_grant, as it is now in the current transaction's
// eyes and whatever its snapshot.

#include <string>
#include <string_view>
#include <vector>

#include "core/read_kinds.h"
#include "pg/backend.h"

namespace phisync::reads {

// Whether this database has the table, that is, the extension. Throws.
bool HasGrants();

// What the role may read for any purpose, declared or not; good until the next call. Throws.
const ReadKinds& AlwaysGrantedTo(Oid role);

// What the role may read for a purpose ("": none declared), by its own grants and by those of roles
// whose privileges it has. A superuser has those of roles alone that it was made a member of.
// Throws.
ReadKinds GrantedTo(Oid role, std::string_view purpose);

// The purposes for which the role may read all of `kinds`; empty if there is none. Throws.
std::vector<std::string> PurposesFor(Oid role, const ReadKinds& kinds);

// Makes all sessions look again, from this transaction's commit on. May raise.
void InvalidateGrants();

void InitGrants();

}  // namespace phisync::reads
