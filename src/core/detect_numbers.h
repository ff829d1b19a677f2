#pragma once
// Numbers that carry their own rules or check digits.

#include <string_view>

namespace phisync::detect {

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
constexpr bool IsLetter(char c) {
  return Upper(c) >= 'A' && Upper(c) <= 'Z';
}
constexpr int Digit(char c) {
  return c - '0';
}

// Whether the value is drawn by the pattern: 9 a digit, A a letter, all else itself.
bool Drawn(std::string_view value, std::string_view pattern);

// Nine digits of an area, group and serial that the Social Security Administration gives out.
bool IsSsn(std::string_view digits);
// Ten digits, the last a Luhn check over 80840 and the others: a provider of health care.
bool IsNpi(std::string_view digits);
// Whether ten digits are a number of the North American numbering plan.
bool IsNanp(std::string_view digits);
// The rest take any text.
bool IsDea(std::string_view v);
bool IsMbi(std::string_view v);
bool IsUdi(std::string_view v);
bool IsVin(std::string_view v);
bool IsLoinc(std::string_view v);

}  // namespace phisync::detect
