#include "core/decimal.h"

#include <algorithm>
#include <charconv>

namespace phisync {
namespace {

constexpr std::size_t kMaxStepDigits = 18;
constexpr std::int64_t kMaxDigits = 140'000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// |number| as digits without a point: digits * 10^-scale.
struct Plain {
  bool negative = false;
  std::string digits;
  std::int64_t scale = 0;
};

bool Read(std::string_view text, Plain* plain) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    plain->negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size() && (IsDigit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    plain->digits += text[at];
    plain->scale += point ? 1 : 0;
  }
  if (plain->digits.empty()) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  ++at;
  if (at < text.size() && text[at] == '+') ++at;
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  plain->scale -= exponent;
  return true;
}

// Adds to, or subtracts from, a number in digits that is at least as large.
void Add(std::string& digits, std::uint64_t value) {
  std::uint64_t carry = value;
  for (std::size_t i = digits.size(); carry != 0 && i-- > 0;) {
    carry += static_cast<std::uint64_t>(digits[i] - '0');
    digits[i] = static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  if (carry != 0) digits.insert(0, std::to_string(carry));
}
void Subtract(std::string& digits, std::uint64_t value) {
  for (std::size_t i = digits.size(); value != 0 && i-- > 0;) {
    int digit = digits[i] - '0' - static_cast<int>(value % 10);
    value /= 10;
    if (digit < 0) {
      digit += 10;
      ++value;
    }
    digits[i] = static_cast<char>('0' + digit);
  }
}

}  // namespace

bool ParseStep(std::string_view text, Step* step) {
  Plain plain;
  if (text.empty() ||
      !std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || c == '.'; })) {
    return false;
  }
  // Longer than any step can be with the zeros that it does not need.
  if (text.size() > 64 || text.back() == '.' || !Read(text, &plain)) return false;
  while (plain.scale > 0 && plain.digits.back() == '0') {
    plain.digits.pop_back();
    --plain.scale;
  }
  plain.digits.erase(0, std::min(plain.digits.find_first_not_of('0'), plain.digits.size()));
  if (plain.digits.empty() || plain.digits.size() > kMaxStepDigits ||
      plain.scale > static_cast<std::int64_t>(kMaxStepDigits)) {
    return false;
  }
  step->units = 0;
  for (const char c : plain.digits) {
    step->units = step->units * 10 + static_cast<std::uint64_t>(c - '0');
  }
  step->scale = static_cast<int>(plain.scale);
  return true;
}

std::string Format(const Step& step) {
  std::string digits = std::to_string(step.units);
  const auto scale = static_cast<std::size_t>(step.scale);
  if (scale == 0) return digits;
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  return digits.insert(digits.size() - scale, 1, '.');
}

bool AppendFloor(ByteBuffer& out, std::string_view decimal, const Step& step) {
  Plain plain;
  if (!Read(decimal, &plain)) return false;
  // In units of the step's last digit, rounded towards minus infinity.
  bool cut = false;
  std::string& digits = plain.digits;
  const std::int64_t more = step.scale - plain.scale;
  if (more >= 0) {
    if (static_cast<std::int64_t>(digits.size()) + more > kMaxDigits) {
      // A zero has as many zeros as one likes.
      if (digits.find_first_not_of('0') != std::string::npos) return false;
    } else {
      digits.append(static_cast<std::size_t>(more), '0');
    }
  } else {
    const auto keep = static_cast<std::size_t>(
        std::max<std::int64_t>(0, static_cast<std::int64_t>(digits.size()) + more));
    cut = digits.find_first_not_of('0', keep) != std::string::npos;
    digits.resize(keep);
    if (digits.empty()) digits = "0";
  }
  if (plain.negative && cut) Add(digits, 1);
  std::uint64_t rest = 0;
  for (const char c : digits) {
    rest = (rest * 10 + static_cast<std::uint64_t>(c - '0')) % step.units;
  }
  if (plain.negative && rest != 0) {
    Add(digits, step.units - rest);
  } else {
    Subtract(digits, rest);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  const bool zero = digits.empty();
  const auto scale = static_cast<std::size_t>(step.scale);
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (plain.negative && !zero) out.Append('-');
  out.Append(std::string_view(digits).substr(0, digits.size() - scale));
  if (scale != 0) {
    out.Append('.');
    out.Append(std::string_view(digits).substr(digits.size() - scale));
  }
  return true;
}

bool Floor(std::int64_t value, std::uint64_t step, std::int64_t* result) {
  // Steps have at most 18 digits.
  const auto signed_step = static_cast<std::int64_t>(step);
  std::int64_t rest = value % signed_step;
  if (rest < 0) rest += signed_step;
  return !__builtin_sub_overflow(value, rest, result);
}

}  // namespace phisync
