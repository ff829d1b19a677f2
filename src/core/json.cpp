#include "core/json.h"

#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace phisync {
namespace {

constexpr std::size_t kLongestEscape = 6;

// A block of bytes, the first of them in the lowest bits, is looked at in one go. Where fewer are
// left, zeros stand for the rest, which count as controls.
template <typename Word>
Word LoadWord(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) {
    return sizeof word == 8 ? static_cast<Word>(__builtin_bswap64(word))
                            : static_cast<Word>(__builtin_bswap32(word));
  }
  return word;
}

// `n` bytes, at most eight, and no byte around them: two words that overlap.
std::uint64_t LoadUpToEight(const char* from, std::size_t n) {
  if (n >= sizeof(std::uint32_t)) {
    const std::size_t last = n - sizeof(std::uint32_t);
    return LoadWord<std::uint32_t>(from) | std::uint64_t{LoadWord<std::uint32_t>(from + last)}
                                               << 8 * last;
  }
  if (n == 0) return 0;
  const auto byte = [&](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(from[i])} << 8 * i;
  };
  return byte(0) | byte(n / 2) | byte(n - 1);
}

#ifdef __SSE2__
using Block = __m128i;

Block Load(const char* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
Block LoadShort(const char* from, std::size_t n) {
  if (n <= 8) return _mm_set_epi64x(0, static_cast<long long>(LoadUpToEight(from, n)));
  const std::uint64_t last = LoadWord<std::uint64_t>(from + n - 8) >> 8 * (sizeof(Block) - n);
  return _mm_set_epi64x(static_cast<long long>(last), LoadWord<long long>(from));
}
void Store(char* to, Block block) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
}
// How many bytes stand before the first that needs an escape.
std::size_t Plain(Block block) {
  const __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  const int marks = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls));
  return static_cast<std::size_t>(
      std::countr_zero(static_cast<unsigned>(marks) | 1U << sizeof(Block)));
}
#else
using Block = std::uint64_t;

constexpr Block Repeat(unsigned char byte) {
  return 0x0101010101010101ULL * byte;
}

Block Load(const char* from) {
  return LoadWord<Block>(from);
}
Block LoadShort(const char* from, std::size_t n) {
  return LoadUpToEight(from, n);
}
void Store(char* to, Block block) {
  block = LoadWord<Block>(reinterpret_cast<const char*>(&block));
  std::memcpy(to, &block, sizeof block);
}
// How many bytes stand before the first that needs an escape.
std::size_t Plain(Block block) {
  const Block quote = block ^ Repeat('"');
  const Block backslash = block ^ Repeat('\\');
  const Block zeros = ((quote - Repeat(1)) & ~quote) | ((backslash - Repeat(1)) & ~backslash);
  const Block controls = (block - Repeat(0x20)) & ~block;
  // Bytes above the first that needs an escape may be marked wrongly (borrows run upwards), never
  // the ones below it.
  return static_cast<std::size_t>(std::countr_zero((zeros | controls) & Repeat(0x80))) / 8;
}
#endif

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

// Writes the text to where there is room for it and a block more; gives its end, where there is
// room for a block still. Looks for escapes on the way; what was copied past one is overwritten.
char* Write(ByteBuffer& out, char* to, std::string_view text) {
  const char* from = text.data();
  const char* const end = from + text.size();
  for (;;) {
    const auto left = static_cast<std::size_t>(end - from);
    const Block block = left >= sizeof(Block) ? Load(from) : LoadShort(from, left);
    Store(to, block);
    const std::size_t run = Plain(block);
    from += run;
    to += run;
    if (from == end) return to;
    if (run == sizeof(Block)) continue;
    out.Commit(to);
    to = out.Reserve(static_cast<std::size_t>(end - from) + kLongestEscape + sizeof(Block));
    to = WriteEscape(to, static_cast<unsigned char>(*from++));
  }
}

}  // namespace

void AppendJsonEscaped(ByteBuffer& out, std::string_view text) {
  out.Commit(Write(out, out.Reserve(text.size() + sizeof(Block)), text));
}

void AppendJsonString(ByteBuffer& out, std::string_view text) {
  char* to = out.Reserve(1 + text.size() + sizeof(Block));
  *to++ = '"';
  to = Write(out, to, text);
  *to++ = '"';
  out.Commit(to);
}

void AppendJsonStringInString(ByteBuffer& out, std::string_view text) {
  const std::size_t start = out.size();
  char* to = out.Reserve(2 + text.size() + sizeof(Block));
  *to++ = '\\';
  *to++ = '"';
  out.Commit(Write(out, to, text));
  // Most strings need no escapes; else those of the inner text need some in their turn.
  if (out.size() - start != 2 + text.size()) {
    ByteBuffer inner;
    inner.Append(out.view(start + 2));
    out.Truncate(start + 2);
    AppendJsonEscaped(out, inner.view());
  }
  out.Append(R"(\")");
}

void AppendJsonKey(ByteBuffer& out, std::string_view name) {
  AppendJsonString(out, name);
  out.Append(':');
}

}  // namespace phisync
