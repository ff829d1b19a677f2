#pragma once
// Checksums of put and remove records, the ones PowerSync's clients verify.

#include <cstdint>
#include <string_view>

namespace phisync {

// What the text of an operation begins with.
inline constexpr std::string_view kPutOperation = "put.";
inline constexpr std::string_view kRemoveOperation = "delete.";

// The first four bytes, little endian, of SHA-256 over the text of an operation:
// `put.<type>.<id>.<data>` or `delete.<subkey>`.
std::uint32_t OperationSum(std::string_view operation);

}  // namespace phisync
