#pragma once
// Who may read the change stream.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phisync::sync {

struct ConsumerGrant {
  std::optional<std::vector<std::string>> buckets;  // no value: all, those of the future too

  // As CompileRelation takes it.
  [[nodiscard]] const std::vector<std::string>* Restriction() const {
    return buckets ? &*buckets : nullptr;
  }
  [[nodiscard]] bool Includes(std::string_view bucket) const {
    return !buckets || std::ranges::find(*buckets, bucket) != buckets->end();
  }
};

// What the consumer of that name may read, as it is registered now. Throws Error 42704 if there is
// none, and 42501 unless both the user who logged in and the current one are members of its role
// (being a superuser does not count, being granted the role does), over TLS and from the networks
// that it asks for. Opens and ends a transaction of its own if there is none, as at the start of
// decoding in a walsender. Not for use while changes are decoded.
ConsumerGrant CheckConsumer(std::string_view name);

}  // namespace phisync::sync
