#include "core/json.h"

#include <array>
#include <bit>
#include <cstdint>

namespace phisync {
namespace {

constexpr std::size_t kLongestEscape = 6;
constexpr std::size_t kWord = sizeof(std::uint64_t);

constexpr std::uint64_t Repeat(unsigned char byte) {
  return 0x0101010101010101ULL * byte;
}

// A word with the top bit set in every byte of `word` that needs an escape. Bytes above the first
// such byte may be marked wrongly (borrows run upwards), never the ones below it.
std::uint64_t MarkEscapes(std::uint64_t word) {
  const std::uint64_t quote = word ^ Repeat('"');
  const std::uint64_t backslash = word ^ Repeat('\\');
  const std::uint64_t zeros =
      ((quote - Repeat(1)) & ~quote) | ((backslash - Repeat(1)) & ~backslash);
  const std::uint64_t controls = (word - Repeat(0x20)) & ~word;
  return (zeros | controls) & Repeat(0x80);
}

bool NeedsEscape(unsigned char byte) {
  return byte < 0x20 || byte == '"' || byte == '\\';
}

char* WriteEscape(char* to, unsigned char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  *to++ = '\\';
  switch (byte) {
    case '"':
    case '\\':
      *to++ = static_cast<char>(byte);
      break;
    case '\b':
      *to++ = 'b';
      break;
    case '\f':
      *to++ = 'f';
      break;
    case '\n':
      *to++ = 'n';
      break;
    case '\r':
      *to++ = 'r';
      break;
    case '\t':
      *to++ = 't';
      break;
    default:
      *to++ = 'u';
      *to++ = '0';
      *to++ = '0';
      *to++ = kHex[byte >> 4];
      *to++ = kHex[byte & 15];
  }
  return to;
}

}  // namespace

void AppendJsonEscaped(ByteBuffer& out, std::string_view text) {
  const char* from = text.data();
  const char* const end = from + text.size();
  // Copies word by word and looks for escapes on the way; what was copied past one is overwritten.
  char* to = out.Reserve(text.size() + kWord);
  for (;;) {
    if constexpr (std::endian::native == std::endian::little) {
      while (static_cast<std::size_t>(end - from) >= kWord) {
        std::uint64_t word;
        std::memcpy(&word, from, kWord);
        std::memcpy(to, &word, kWord);
        const std::uint64_t marks = MarkEscapes(word);
        const int run = marks == 0 ? static_cast<int>(kWord) : std::countr_zero(marks) / 8;
        from += run;
        to += run;
        if (marks != 0) break;
      }
    }
    while (from != end && !NeedsEscape(static_cast<unsigned char>(*from))) *to++ = *from++;
    if (from == end) break;
    out.Commit(to);
    to = out.Reserve(static_cast<std::size_t>(end - from) + kLongestEscape + kWord);
    to = WriteEscape(to, static_cast<unsigned char>(*from++));
  }
  out.Commit(to);
}

void AppendJsonString(ByteBuffer& out, std::string_view text) {
  out.Reserve(text.size() + kWord + 2);
  out.Append('"');
  AppendJsonEscaped(out, text);
  out.Append('"');
}

void AppendJsonKey(ByteBuffer& out, std::string_view name) {
  AppendJsonString(out, name);
  out.Append(':');
}

}  // namespace phisync
