#include "core/bytes.h"

#include <array>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace phisync {
namespace {

constexpr char kLower[] = "0123456789abcdef";
constexpr char kUpper[] = "0123456789ABCDEF";

// Both digits of every byte.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (unsigned byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {kLower[byte >> 4], kLower[byte & 15]};
  }
  return pairs;
}();

char* WriteHex(char* to, unsigned char byte) {
  std::memcpy(to, kPairs[byte].data(), 2);
  return to + 2;
}

constexpr std::size_t kHexBlock = 16;

// The digits of sixteen bytes.
void WriteHexBlock(char* to, const unsigned char* bytes) {
#ifdef __SSE2__
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i half = _mm_set1_epi8(0x0F);
  const __m128i high = _mm_and_si128(_mm_srli_epi16(block, 4), half);
  const __m128i low = _mm_and_si128(block, half);
  const auto write = [&](char* at, __m128i halves) {
    const __m128i letters = _mm_cmpgt_epi8(halves, _mm_set1_epi8(9));
    const __m128i shift = _mm_and_si128(letters, _mm_set1_epi8('a' - '0' - 10));
    const __m128i digits = _mm_add_epi8(_mm_add_epi8(halves, _mm_set1_epi8('0')), shift);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), digits);
  };
  write(to, _mm_unpacklo_epi8(high, low));
  write(to + kHexBlock, _mm_unpackhi_epi8(high, low));
#else
  for (std::size_t i = 0; i < kHexBlock; ++i) to = WriteHex(to, bytes[i]);
#endif
}

char* WriteHalf(char* to, std::uint32_t half, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) *to++ = kUpper[half >> shift & 15];
  return to;
}

int HexDigits(std::uint32_t half) {
  return half == 0 ? 1 : (std::bit_width(half) + 3) / 4;
}

void AppendHalves(ByteBuffer& out, std::uint32_t high, int high_digits, std::uint32_t low,
                  int low_digits) {
  char* to = out.Reserve(17);
  to = WriteHalf(to, high, high_digits);
  *to++ = '/';
  out.Commit(WriteHalf(to, low, low_digits));
}

}  // namespace

void AppendUuid(ByteBuffer& out, const unsigned char* bytes) {
  char digits[2 * kHexBlock];
  WriteHexBlock(digits, bytes);
  char* const to = out.Reserve(36);
  std::memcpy(to, digits, 8);
  to[8] = '-';
  std::memcpy(to + 9, digits + 8, 4);
  to[13] = '-';
  std::memcpy(to + 14, digits + 12, 4);
  to[18] = '-';
  std::memcpy(to + 19, digits + 16, 4);
  to[23] = '-';
  std::memcpy(to + 24, digits + 20, 12);
  out.Commit(to + 36);
}

void AppendHex(ByteBuffer& out, std::string_view bytes) {
  char* to = out.Reserve(2 * bytes.size());
  for (; bytes.size() >= kHexBlock; bytes.remove_prefix(kHexBlock), to += 2 * kHexBlock) {
    WriteHexBlock(to, reinterpret_cast<const unsigned char*>(bytes.data()));
  }
  for (const char byte : bytes) to = WriteHex(to, static_cast<unsigned char>(byte));
  out.Commit(to);
}

void AppendBase64(ByteBuffer& out, std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* to = out.Reserve((bytes.size() + 2) / 3 * 4);
  std::size_t at = 0;
  for (; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    const auto byte = [&](std::size_t i) -> unsigned {
      return i < left ? static_cast<unsigned char>(bytes[at + i]) : 0;
    };
    const unsigned word = byte(0) << 16 | byte(1) << 8 | byte(2);
    *to++ = kDigits[word >> 18];
    *to++ = kDigits[word >> 12 & 63];
    *to++ = left > 1 ? kDigits[word >> 6 & 63] : '=';
    *to++ = left > 2 ? kDigits[word & 63] : '=';
  }
  out.Commit(to);
}

void AppendLsn(ByteBuffer& out, std::uint64_t lsn) {
  const auto high = static_cast<std::uint32_t>(lsn >> 32);
  const auto low = static_cast<std::uint32_t>(lsn);
  AppendHalves(out, high, HexDigits(high), low, HexDigits(low));
}

void AppendPaddedLsn(ByteBuffer& out, std::uint64_t lsn) {
  AppendHalves(out, static_cast<std::uint32_t>(lsn >> 32), 8, static_cast<std::uint32_t>(lsn), 8);
}

}  // namespace phisync
