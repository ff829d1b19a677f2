#pragma once
// What a bucket's profile makes of a compiled query. An expression is as sensitive as any column it
// reads.

#include "profiles/profiles.h"
#include "sync/query.h"

namespace phisync::sync {

// What a profile makes of a relation's columns, as attribute numbers. Plain, in palloc'd memory.
// Columns in none of the first three sets are sent as they are.
struct ColumnFates {
  Bitmapset* dropped = nullptr;
  Bitmapset* nulled = nullptr;
  Bitmapset* masked = nullptr;
  Bitmapset* coded = nullptr;         // of the masked: different values stay different
  Bitmapset* unclassified = nullptr;  // PHI because nobody has said what it is
  Bitmapset* row_codes = nullptr;     // columns with the codes of the row's own sensitivity
};

ColumnFates FatesOf(const std::vector<profiles::Treatment>& treatments);

// The same by the profile's name, under the current snapshot. Error 42704 if there is none. Throws.
ColumnFates FatesUnder(const char* profile, Oid relation);

// All columns that are not sent as they are.
Bitmapset* Withheld(const ColumnFates& fates);

// Neither the relation nor any of its columns has a tag of any kind: nobody has said what it holds.
// Throws.
bool IsUntagged(Oid relation);

// What becomes of an output.
enum class Fate : std::uint8_t {
  kSent,
  kDropped,
  kNulled,
  kMasked,
  kUnsayable,  // computed from masked columns: it would say more than they may
};
Fate FateOf(const ColumnFates& fates, const CompiledOutput* output);

// A part of a query whose values identify rows and buckets, so that it cannot be left out.
struct Exposure {
  enum class Part { kNone, kId, kParameter, kPrimaryKey } part = Part::kNone;
  const char* parameter = nullptr;  // its name, where part is kParameter
  AttrNumber column = 0;            // the first column in it that the profile does not let out so
};

// Which such part the profile does not let out; kNone if there is none. Of parameters it must let
// out the values as they are; ids and keys may also be codes of columns.
Exposure FindExposure(const ColumnFates& fates, const CompiledQuery* query, Bitmapset* primary_key);

}  // namespace phisync::sync
