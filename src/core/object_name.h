#pragma once
// Names of buckets and consumers: they stand in bucket ids, URLs and configuration files as they
// are.

#include <string>
#include <string_view>

#include "core/error.h"

namespace phisync {

inline constexpr std::size_t kMaxObjectName = 63;

// 1 to 63 characters of a-z, 0-9 and _.
constexpr bool IsObjectName(std::string_view name) {
  if (name.empty() || name.size() > kMaxObjectName) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

// Error 42602 unless IsObjectName; `what` is "bucket" or "consumer".
inline void CheckObjectName(std::string_view what, std::string_view name) {
  if (IsObjectName(name)) return;
  throw Error(sqlstate::kInvalidName,
              "invalid " + std::string(what) + " name \"" + std::string(name) + "\"",
              "It stands unquoted in ids, options and addresses.",
              "Use 1 to 63 of the characters a-z, 0-9 and _.");
}

}  // namespace phisync
