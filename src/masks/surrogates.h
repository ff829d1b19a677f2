#pragma once
// Random codes for values, kept in phisync.surrogate under an HMAC of the value.

#include <cstdint>

#include "core/transform_apply.h"

namespace phisync::masks {

// Finds codes that are stored, as the catalog snapshot sees them: while changes are decoded, those
// of then. Never makes one, so that it can be used where nothing is written.
class StoredSurrogates : public Surrogates {
 public:
  bool Append(ByteBuffer& out, std::string_view scope, Kind kind,
              const unsigned char* address) override;
};

// Stores a new code where there is none. Waits for a transaction in progress that has stored one
// for the same value.
class NewSurrogates final : public StoredSurrogates {
 public:
  bool Append(ByteBuffer& out, std::string_view scope, Kind kind,
              const unsigned char* address) override;
  // How many codes it has stored.
  [[nodiscard]] std::int64_t made() const { return made_; }

 private:
  std::int64_t made_ = 0;
};

}  // namespace phisync::masks
