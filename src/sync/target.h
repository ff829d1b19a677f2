#pragma once
// The table of a data query: what makes it fit to be synced.

#include "pg/catalog.h"
#include "sync/query.h"

namespace phisync::sync {

// Opens the table that FROM names, locked with its partitions so that no writer straddles the
// change of its definitions; the locks stay until the transaction ends. Raises 42809, 0A000 or
// 42501 for what is no ordinary or partitioned, logged table that the caller may read. The frame of
// the caller may own nothing.
Relation OpenTarget(const RangeVar* from);

// The same for the table of a stored definition, whatever it is called by now; 42P01 if it is gone.
// `from` says whether the text has ONLY.
Relation OpenStoredTarget(Oid table, const RangeVar* from);

// The relations that hold the table's rows: its partitions at the bottom, locked in this mode, or
// the table itself.
List* TablesOfRows(Relation table, LOCKMODE mode);

// Raises 42P17 if the table has no usable primary key, else gives its columns in order.
List* RequirePrimaryKey(Relation table);

// Raises 42P17 unless the partition has the same primary key as the partitioned table, so that rows
// can move.
void RequireSamePrimaryKey(Relation partition, Relation table);

// The columns, quoted and separated by commas, that old rows do not carry although they are among
// `columns`; null if there are none.
const char* MissingFromIdentity(Relation table, Bitmapset* columns);

// Raises 55000 unless old rows of all `tables` (OIDs, locked; TablesOfRows) carry all of `columns`,
// attribute numbers of `table`: the plugin needs them to take a row out of a bucket. The hint is
// the statements that mend it.
void RequireReplicaIdentity(Relation table, List* tables, Bitmapset* columns);

// The attribute numbers of the columns of the same names in another relation; those that it does
// not have are left out.
Bitmapset* SameColumns(Relation from, Bitmapset* columns, Relation to);

// `schema.table`, quoted as needed.
const char* QualifiedName(Relation table);

// Locks and invalidates the tables of data queries (DefinedQuery) whose definitions change, and
// their partitions, as far as they still exist.
void InvalidateTargets(List* queries);

}  // namespace phisync::sync
