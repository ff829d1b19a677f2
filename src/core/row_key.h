#pragma once
// How the trail names a changed row without saying who it is.

#include <string>
#include <string_view>
#include <vector>

namespace phisync::audit {

// The values of a primary key as a compact JSON array of texts, e.g. ["p1","7"].
std::string KeyArray(const std::vector<std::string>& values);

// HMAC-SHA-256 of KeyArray under `secret` as "hmac:" and 64 hexadecimal digits: for keys that
// are themselves protected health information. Equal keys of different relations have different
// hashes, as `relation` is hashed too.
std::string HashedKey(std::string_view secret, std::string_view relation,
                      const std::vector<std::string>& values);

}  // namespace phisync::audit
