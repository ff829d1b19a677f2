#pragma once
// The parameters query of a bucket: which of its instances a user gets.

#include "pg/parser.h"
#include "sync/query.h"

namespace phisync::sync {

struct BucketParameter {
  const char* name;
  Oid type;
  int32 typmod;
  Oid collation;
};

// Checks the text, one SELECT over tables that the caller may read, and gives its output columns
// (BucketParameter). `analysed` becomes the query, in which auth.user_id() and auth.parameter('x'),
// a text, and auth.jwt(), a jsonb, are the functions auth_* of the schema phisync. Raises errors
// with the position in the text. The frame of the caller may own nothing.
List* AnalyseParameters(const char* text, Query** analysed);

// Raises 42804 unless each value of the source has one form in bucket ids, and the same as an equal
// value of the parameter.
void CheckComparable(Relation table, const CompiledSource* source,
                     const BucketParameter* parameter);

// Whether values of a column that gets another type are written into bucket ids as before.
bool SameIdForm(Oid old_type, int32 old_typmod, Oid new_type, int32 new_typmod);

}  // namespace phisync::sync
