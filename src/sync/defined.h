#pragma once
// Definitions of buckets as they are stored. Plain structs in palloc'd memory; the functions raise
// the server's errors, so the frames of their callers own nothing, or call inside pg::Call.

#include "pg/catalog.h"

namespace phisync::sync {

// A row of phisync.bucket.
struct DefinedBucket {
  const char* name;
  const char* parameters;  // text; null: global
  List* parameter_names;   // String
  const char* profile;
  int16 priority;
  Oid definer;
};

// A row of phisync.bucket_query.
struct DefinedQuery {
  const DefinedBucket* of;
  int ordinal;
  Oid relation;
  const char* text;
};

// Reading goes by scan and sees what the current (or historic) snapshot shows: nothing where the
// extension is not installed.

// The data queries whose table is `relation` itself.
List* QueriesOn(Oid relation);

// Those of one bucket, by ordinal.
List* QueriesOf(const DefinedBucket* bucket);

// Null if there is none.
DefinedBucket* FindBucket(const char* name);

// Whether there is any data query at all: most databases where DDL runs have none.
bool AnyQuery();

// Writing; as the extension's owner, whoever asks for it. Neither checks nor invalidates anything.

void InsertBucket(const DefinedBucket* bucket);
void UpdateBucket(const DefinedBucket* bucket);  // all but its name
void DeleteBucket(const char* name);             // with its queries
// `columns` (String) are those that the text names.
void InsertQuery(const DefinedQuery* query, List* columns);
void UpdateQuery(const DefinedQuery* query, List* columns);  // the text
void DeleteQuery(const DefinedQuery* query);

// Consumers that are granted the bucket by name (String), also where there is no such bucket.
List* ConsumersGranted(const char* bucket);

}  // namespace phisync::sync
