#pragma once
// Whether the plugin can serve a data query from its table as both are now.

#include "pg/catalog.h"
#include "sync/query.h"

namespace phisync::sync {

// Compiles the query against the locked table and its partitions, and raises what stands in the
// way: no primary key, a text that does not compile, a replica identity that lacks columns which
// decide about buckets, PHI in ids and keys that the profile does not let out, expressions over
// what it transforms, or a key that it needs. The frame of the caller may own nothing.
const CompiledQuery* RequireServable(Relation table, const char* text, List* parameter_names,
                                     const char* profile);

}  // namespace phisync::sync
