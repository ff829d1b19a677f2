#include "core/json.h"

#include <array>
#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace phisync {
namespace {

constexpr std::size_t kLongestEscape = 6;

// Copies a block of bytes, and says how many of them stand before the first that needs an escape.
#ifdef __SSE2__
constexpr std::size_t kBlock = sizeof(__m128i);

std::size_t CopyBlock(char* to, const char* from) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
  const __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  const int marks = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls));
  return static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(marks) | 1U << kBlock));
}
#else
constexpr std::size_t kBlock = sizeof(std::uint64_t);

constexpr std::uint64_t Repeat(unsigned char byte) {
  return 0x0101010101010101ULL * byte;
}

std::size_t CopyBlock(char* to, const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, kBlock);
  std::memcpy(to, &word, kBlock);
  const std::uint64_t quote = word ^ Repeat('"');
  const std::uint64_t backslash = word ^ Repeat('\\');
  const std::uint64_t zeros =
      ((quote - Repeat(1)) & ~quote) | ((backslash - Repeat(1)) & ~backslash);
  const std::uint64_t controls = (word - Repeat(0x20)) & ~word;
  // Bytes above the first that needs an escape may be marked wrongly (borrows run upwards), never
  // the ones below it.
  const std::uint64_t marks = (zeros | controls) & Repeat(0x80);
  if constexpr (std::endian::native != std::endian::little) return marks == 0 ? kBlock : 0;
  return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
}
#endif

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
  // Looks for escapes on the way; what was copied past one is overwritten.
  char* to = out.Reserve(text.size() + kBlock);
  for (;;) {
    while (static_cast<std::size_t>(end - from) >= kBlock) {
      const std::size_t run = CopyBlock(to, from);
      from += run;
      to += run;
      if (run < kBlock) break;
    }
    while (from != end && !NeedsEscape(static_cast<unsigned char>(*from))) *to++ = *from++;
    if (from == end) break;
    out.Commit(to);
    to = out.Reserve(static_cast<std::size_t>(end - from) + kLongestEscape + kBlock);
    to = WriteEscape(to, static_cast<unsigned char>(*from++));
  }
  out.Commit(to);
}

void AppendJsonString(ByteBuffer& out, std::string_view text) {
  out.Reserve(text.size() + kBlock + 2);
  out.Append('"');
  AppendJsonEscaped(out, text);
  out.Append('"');
}

void AppendJsonKey(ByteBuffer& out, std::string_view name) {
  AppendJsonString(out, name);
  out.Append(':');
}

}  // namespace phisync
