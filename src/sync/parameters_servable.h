#pragma once
// Whether a profile lets out what a parameters query selects: it becomes ids of buckets, which
// stand in every record and in what phisync.buckets_for gives.

#include "pg/parser.h"

namespace phisync::sync {

// Error 42501 unless the profile gives every column that an output of the query is made of as it
// is, and has consent for the rows of its table. Throws.
void RequireParametersServable(const Query* query, const char* profile);

}  // namespace phisync::sync
