#include "core/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/digits.h"
#include "core/error.h"

namespace phisync {
namespace {

constexpr std::size_t kLongestInteger = 20;
// Sign, "0.", five zeros and 17 digits; or 21 digits, sign and ".0".
constexpr std::size_t kLongestReal = 32;

// Number::toString of ECMAScript: `digits` (no trailing zeros) times 10^(exponent - digits).
char* LayOut(char* to, std::string_view digits, int exponent, RealForm form) {
  const int count = static_cast<int>(digits.size());
  if (exponent > 21 || exponent <= -6) {
    *to++ = digits.front();
    if (count > 1) {
      *to++ = '.';
      to = std::copy(digits.begin() + 1, digits.end(), to);
    }
    *to++ = 'e';
    if (exponent > 0) *to++ = '+';
    return std::to_chars(to, to + 5, exponent - 1).ptr;
  }
  if (exponent <= 0) {
    to = std::copy_n("0.", 2, to);
    to = std::fill_n(to, -exponent, '0');
    return std::copy(digits.begin(), digits.end(), to);
  }
  if (count > exponent) {
    to = std::copy_n(digits.begin(), exponent, to);
    *to++ = '.';
    return std::copy(digits.begin() + exponent, digits.end(), to);
  }
  to = std::copy(digits.begin(), digits.end(), to);
  to = std::fill_n(to, exponent - count, '0');
  return form == RealForm::kRow ? std::copy_n(".0", 2, to) : to;
}

// The stored form of numeric, in the server's own byte order (src/backend/utils/adt/numeric.c); it
// is on disk, so it does not change between majors.
constexpr unsigned kSignMask = 0xC000;
constexpr unsigned kNegative = 0x4000;
constexpr unsigned kShort = 0x8000;
constexpr unsigned kSpecial = 0xC000;
constexpr unsigned kSpecialMask = 0xF000;
constexpr unsigned kNaN = 0xC000;
constexpr unsigned kPositiveInfinity = 0xD000;
constexpr unsigned kShortSign = 0x2000;
constexpr unsigned kShortScaleMask = 0x1F80;
constexpr unsigned kShortScaleShift = 7;
constexpr unsigned kShortWeightSign = 0x0040;
constexpr unsigned kShortWeightMask = 0x003F;
constexpr unsigned kLongScaleMask = 0x3FFF;
constexpr int kGroup = 4;  // decimal digits in one stored digit
constexpr unsigned kLastGroup = 9999;

std::uint16_t Word(const char* at) {
  std::uint16_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

[[noreturn]] void RefuseNumeric() {
  throw Error(sqlstate::kDataCorrupted, "a number is not stored as numbers are");
}

}  // namespace

void AppendInteger(ByteBuffer& out, std::int64_t value) {
  char* const to = out.Reserve(kLongestInteger);
  out.Commit(std::to_chars(to, to + kLongestInteger, value).ptr);
}

void AppendUnsigned(ByteBuffer& out, std::uint64_t value) {
  char* const to = out.Reserve(kLongestInteger);
  out.Commit(std::to_chars(to, to + kLongestInteger, value).ptr);
}

void AppendDecimal(ByteBuffer& out, std::string_view decimal, RealForm form) {
  char* to = out.Reserve(kLongestReal + decimal.size());
  if (decimal.front() == '-') {
    *to++ = '-';
    decimal.remove_prefix(1);
  }
  int exponent = 0;
  const std::size_t e = std::min(decimal.find('e'), decimal.size());
  if (e < decimal.size()) {
    const char* const power = decimal.data() + e + (decimal[e + 1] == '+' ? 2 : 1);
    std::from_chars(power, decimal.data() + decimal.size(), exponent);
  }
  const std::string_view mantissa = decimal.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  exponent += static_cast<int>(point);
  // The point is closed up, zeros at both ends go.
  char digits[kLongestReal];
  std::size_t count = 0;
  for (const char c : mantissa) {
    if (c == '.') continue;
    if (c == '0' && count == 0) {
      --exponent;
    } else if (count < sizeof digits) {
      digits[count++] = c;
    }
  }
  while (count > 0 && digits[count - 1] == '0') --count;
  if (count == 0) {
    out.Append(form == RealForm::kRow ? "0.0" : "0");
    return;
  }
  out.Commit(LayOut(to, {digits, count}, exponent, form));
}

void AppendReal(ByteBuffer& out, double value, RealForm form) {
  // Below 2^53 an integer's digits are its shortest ones; and -0 becomes 0.
  constexpr double kExact = 9007199254740992.0;
  if (std::abs(value) < kExact && value == std::trunc(value)) {
    AppendInteger(out, static_cast<std::int64_t>(value));
    if (form == RealForm::kRow) out.Append(".0");
    return;
  }
  char text[kLongestReal];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  AppendDecimal(out, {text, static_cast<std::size_t>(end - text)}, form);
}

void AppendNumeric(ByteBuffer& out, std::string_view stored) {
  if (stored.size() < 2) RefuseNumeric();
  const unsigned header = Word(stored.data());
  if ((header & kSignMask) == kSpecial) {
    const unsigned kind = header & kSpecialMask;
    out.Append(kind == kNaN ? "NaN" : kind == kPositiveInfinity ? "Infinity" : "-Infinity");
    return;
  }
  bool negative;
  int scale;
  int weight;  // of the first stored digit, in powers of 10000
  if ((header & kShort) != 0) {
    negative = (header & kShortSign) != 0;
    scale = static_cast<int>((header & kShortScaleMask) >> kShortScaleShift);
    weight = static_cast<int>(header & kShortWeightMask);
    if ((header & kShortWeightSign) != 0) weight -= static_cast<int>(kShortWeightMask) + 1;
    stored.remove_prefix(2);
  } else {
    if (stored.size() < 4) RefuseNumeric();
    negative = (header & kSignMask) == kNegative;
    scale = static_cast<int>(header & kLongScaleMask);
    weight = static_cast<std::int16_t>(Word(stored.data() + 2));
    stored.remove_prefix(4);
  }
  const int count = static_cast<int>(stored.size() / 2);
  const auto group = [&](int position) -> unsigned {
    if (position < 0 || position >= count) return 0;
    const unsigned value = Word(stored.data() + std::ptrdiff_t{2} * position);
    if (value > kLastGroup) RefuseNumeric();
    return value;
  };
  const std::size_t room = 1 + static_cast<std::size_t>(kGroup) * (std::max(weight, 0) + 1) + 1 +
                           static_cast<std::size_t>(scale) + kGroup;
  char* to = out.Reserve(room);
  if (negative) *to++ = '-';
  if (weight < 0) {
    *to++ = '0';
  } else {
    to = std::to_chars(to, to + kGroup, group(0)).ptr;
    for (int position = 1; position <= weight; ++position) to = WriteFour(to, group(position));
  }
  if (scale > 0) {
    *to++ = '.';
    char* const end = to + scale;
    for (int position = weight + 1; to < end; ++position) to = WriteFour(to, group(position));
    to = end;
  }
  out.Commit(to);
}

}  // namespace phisync
