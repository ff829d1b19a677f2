#pragma once
// What a bucket's profile withholds of a compiled query. An expression is as sensitive as any
// column it reads.

#include "core/profile.h"
#include "sync/query.h"

namespace phisync::sync {

// Attribute numbers of the relation's columns that are PHI under the current snapshot: tagged, or
// unclassified in a relation that holds PHI. Throws.
Bitmapset* PhiColumns(Oid relation);

// The column is PHI only because nobody has classified it yet. Throws.
bool IsUnclassified(Oid relation, AttrNumber column);

// Neither the relation nor any of its columns has a tag of any kind: nobody has said what it holds.
// Throws.
bool IsUntagged(Oid relation);

// The part of a query whose values identify rows and buckets, so that it cannot be left out.
struct Exposure {
  enum class Part { kNone, kId, kParameter, kPrimaryKey } part = Part::kNone;
  const char* parameter = nullptr;  // its name, where part is kParameter
  AttrNumber column = 0;            // the first PHI column in it
};

// Which such part is PHI that the profile does not grant; kNone if there is none.
Exposure FindExposure(const Profile& profile, Bitmapset* phi, const CompiledQuery* query,
                      Bitmapset* primary_key);

inline bool IsWithheld(const Profile& profile, Bitmapset* phi, const CompiledOutput* output) {
  return !profile.grants_phi && bms_overlap(phi, output->reads);
}

}  // namespace phisync::sync
