#pragma once
// Parameters queries as they are kept: each is the body of an SQL function in the schema
// phisync_parameters that has the bucket's name and that nobody calls. The server keeps such a body
// analysed and knows what it depends on. So the query follows renames, is part of a dump, and what
// it reads can be dropped only with CASCADE.

#include "pg/parser.h"

namespace phisync::sync {

// Keeps the bucket's query, analysed with the definer's rights and search path, in place of the one
// before. Locks the tables that either reads against writers and invalidates them. The frames of
// the callers of these functions may own nothing.
void StoreParameters(const char* bucket, const Query* query);

// Forgets it; nothing happens if there is none. The bucket must be gone, or without parameters.
void DropParameters(const char* bucket);

// Locks the tables that the bucket's query reads against writers and invalidates them: what lookups
// may say of them has changed.
void InvalidateParameters(const char* bucket);

// The bucket's function, or InvalidOid.
Oid FindParameters(const char* bucket);

// The query of a function, as the current (or historic) snapshot shows it; null if the function is
// not one of those. Takes no lock.
Query* ReadParameters(Oid function);

// Functions of parameters queries that read the relation (list of OIDs) under the current (or
// historic) snapshot. Takes no lock.
List* ParametersReading(Oid relation);

// The buckets whose parameters query reads one of the relations (String), each once.
List* BucketsWithParametersOn(List* relations);

// The text of the bucket's query, as names are now; null if there is none.
const char* StoredParametersText(const char* bucket);

// The query's text, with every name qualified so that it means the same under the search path
// `pg_catalog, pg_temp`, which must be set.
char* ParametersText(const Query* query);

}  // namespace phisync::sync
