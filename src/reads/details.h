#pragma once
// Details of errors that name values of rows.
//
// The server tells whoever violates a constraint what the row holds: "Failing row contains (...)",
// "Key (ssn)=(...) is still referenced". It asks the privileges of SQL alone whether it may. So a
// role that only writes would read. Under deny, a transaction that has written to a relation which
// its role is not granted to read as a whole is not told these details.

#include "pg/permissions.h"

namespace phisync::reads {

// To be called before a statement, or a command on a relation, writes. Throws.
void NoteWrites(const List* entries);
void NoteWrite(Oid relation);

void InitDetails();

}  // namespace phisync::reads
