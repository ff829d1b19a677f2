#pragma once
// Random codes for values, kept in phisync.surrogate under an HMAC of the value.

#include "core/transform_apply.h"

namespace phisync::masks {

// Finds codes that are stored, as the catalog snapshot sees them: while changes are decoded, those
// of then. Never makes one, so that it can be used where nothing is written.
class StoredSurrogates : public Surrogates {
 public:
  bool Append(ByteBuffer& out, std::string_view scope, Kind kind,
              const unsigned char* address) override;
};

// Stores a new code where there is none.
class NewSurrogates final : public StoredSurrogates {
 public:
  bool Append(ByteBuffer& out, std::string_view scope, Kind kind,
              const unsigned char* address) override;
};

}  // namespace phisync::masks
