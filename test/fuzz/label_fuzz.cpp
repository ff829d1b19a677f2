// Whatever bytes a label has, it is either refused with 22023 or has one canonical text.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "core/error.h"
#include "core/label.h"

namespace {

template <typename Parse>
void Check(std::string_view text, Parse parse) {
  try {
    const auto label = parse(text);
    const std::string canonical = phisync::Format(label);
    if (!(parse(canonical) == label) || phisync::Format(parse(canonical)) != canonical)
      __builtin_trap();
  } catch (const phisync::Error& e) {
    if (std::strcmp(e.sqlstate(), phisync::sqlstate::kInvalidParameterValue) != 0) __builtin_trap();
    if (e.message().empty() || e.message().size() > 4096) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check(text, phisync::ParseColumnLabel);
  Check(text, phisync::ParseTableLabel);
  Check(text, phisync::ParseSchemaLabel);
  return 0;
}
