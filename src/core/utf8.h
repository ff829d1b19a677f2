#pragma once
// Characters of UTF-8 text. Bytes that are none count as one character each, so that no input is
// refused and none is read past its end.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace phisync {

// Most texts are: each byte is a character.
inline bool IsAscii(std::string_view text) {
  std::uint64_t high = 0;
  for (; text.size() >= sizeof high; text.remove_prefix(sizeof high)) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    high |= word;
  }
  for (const char c : text) high |= static_cast<unsigned char>(c);
  return (high & 0x8080808080808080) == 0;
}

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
