#pragma once
// The table of a data query: what makes it fit to be synced.

#include "pg/catalog.h"
#include "sync/query.h"

namespace phisync::sync {

// Opens the table that FROM names, locked so that no writer straddles the change of its
// definitions; the lock stays until the transaction ends. Raises 42809, 0A000 or 42501 for what is
// no ordinary logged table that the caller may read. The frame of the caller may own nothing.
Relation OpenTarget(const RangeVar* from);

// Raises 42P17 if the table has no usable primary key, else gives its columns in order.
List* RequirePrimaryKey(Relation table);

// Raises 55000 unless old rows carry all of `columns`: the plugin needs them to take a row out of a
// bucket. The hint is the statement that mends it.
void RequireReplicaIdentity(Relation table, Bitmapset* columns);

// `schema.table`, quoted as needed.
const char* QualifiedName(Relation table);

// Locks and invalidates a table whose definitions change, if it still exists.
void InvalidateTarget(Oid table);

}  // namespace phisync::sync
