#pragma once
// Characters of UTF-8 text. Bytes that are none count as one character each, so that no input is
// refused and none is read past its end.

#include <cstddef>
#include <string_view>

namespace phisync {

// Where the character that begins at `at` ends; `at` is before the text's end.
constexpr std::size_t NextCodePoint(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  for (int i = 0;
       i < more && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; ++i) {
    ++at;
  }
  return at;
}

constexpr std::size_t CodePoints(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = NextCodePoint(text, at)) ++count;
  return count;
}

}  // namespace phisync
