#include "core/bytes.h"

#include <array>
#include <bit>
#include <cstring>

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
  char* to = out.Reserve(37);
  for (const int count : {4, 2, 2, 2, 6}) {
    for (int i = 0; i < count; ++i) to = WriteHex(to, *bytes++);
    *to++ = '-';
  }
  --to;
  out.Commit(to);
}

void AppendHex(ByteBuffer& out, std::string_view bytes) {
  char* to = out.Reserve(2 * bytes.size());
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
