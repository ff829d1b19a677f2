#pragma once
// DDL on tables that data queries read: what both event triggers need. Plain structs in palloc'd
// memory; all functions raise the server's errors, so the frames of their callers own nothing.

#include "pg/event_trigger.h"
#include "sync/defined.h"

namespace phisync::sync {

// The OIDs, each once, that a query's first column gives.
List* SelectOids(const char* query, int n, const Oid* types, const Datum* values);

// Adds the data query to errors raised below: push before, pop after.
struct DefinitionErrors {
  ErrorContextCallback callback;
  const DefinedQuery* query;
};
void PushDefinitionErrors(DefinitionErrors* frame, const DefinedQuery* query);
void PopDefinitionErrors(DefinitionErrors* frame);

// The partitioned tables that the relation is a partition of, as the snapshot shows them (null:
// now).
List* Ancestors(Oid relation, Snapshot snapshot);

// The data queries whose table is one of the relations.
List* QueriesOnAny(List* relations);

// Whether the text names the column, other than by `*`.
bool NamesColumn(const DefinedQuery* query, const char* column);

// The names of the buckets of the queries (String), each once, in order.
List* BucketNames(List* queries);

// What a statement may have taken away. Only that is asked for: what was missing before is not its
// fault. Whether the text compiles is always asked.
struct Weakened {
  bool primary_key = false;
  bool identity = false;
  bool log = false;
  const char* type_of_column = nullptr;
};

// Raises the reason, with the bucket, unless the plugin can still serve the query from a table that
// it reads: the query's own or a partition of it, locked.
void RequireStillServable(Oid table, const DefinedQuery* query, const Weakened& weakened);

// Gives a partition that old rows are not logged enough of for the queries the replica identity
// FULL, and says so.
void EnsureReplicaIdentity(Oid table, List* queries);

// Makes caches forget the relation and its partitions; they are locked.
void InvalidateTree(Oid relation);

}  // namespace phisync::sync
