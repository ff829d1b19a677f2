// Bytes that are not an audit event are refused; those that are, are the canonical bytes of one.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/audit_event.h"
#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    if (phisync::audit::Encode(phisync::audit::Decode(bytes)) != bytes) __builtin_trap();
  } catch (const phisync::Error&) {
    // Refused, with the one error that Decode has.
  }
  return 0;
}
