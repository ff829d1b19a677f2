#pragma once
// Commands that hand rows of a table to code past the executor's check of permissions.

#include "pg/permissions.h"

namespace phisync::reads {

// Whether the two below have something to say of such a command.
bool MayHandOverRows(const Node* command);

// What a command has the server read for expressions, triggers and rules that the user gives with
// it, as entries of a statement that would; null if nothing. May raise.
List* EntriesReadBy(Node* command);

// The relation whose rows the command checks against constraints or unique indexes, else
// InvalidOid. May raise.
Oid RelationCheckedBy(Node* command);

}  // namespace phisync::reads
