#include "core/detect_numbers.h"

#include <cstddef>
#include <string>

namespace phisync::detect {

bool Drawn(std::string_view value, std::string_view pattern) {
  if (value.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool fits = pattern[i] == '9'   ? IsDigit(value[i])
                      : pattern[i] == 'A' ? IsLetter(value[i])
                                          : value[i] == pattern[i];
    if (!fits) return false;
  }
  return true;
}

bool IsSsn(std::string_view d) {
  const std::string_view area = d.substr(0, 3);
  if (area == "000" || area == "666" || area[0] == '9') return false;
  if (d.substr(3, 2) == "00" || d.substr(5) == "0000") return false;
  if (d == "078051120" || d == "123456789" || d == "219099999") return false;
  return d.find_first_not_of(d[0]) != std::string_view::npos;
}

bool IsNpi(std::string_view d) {
  if (d[0] != '1' && d[0] != '2') return false;
  // The prefix 80840 adds 24 to the sum.
  int sum = 24;
  for (std::size_t i = 0; i < 10; ++i) {
    int n = Digit(d[i]);
    if (i % 2 == 0) n = n * 2 > 9 ? n * 2 - 9 : n * 2;
    sum += n;
  }
  return sum % 10 == 0;
}

bool IsDea(std::string_view v) {
  // The first letter is the kind of registrant.
  constexpr std::string_view kRegistrants = "ABCDEFGHJKLMPRSTUX";
  if (!Drawn(v, "AA9999999") || kRegistrants.find(Upper(v[0])) == std::string_view::npos) {
    return false;
  }
  const std::string_view d = v.substr(2);
  const int sum =
      Digit(d[0]) + Digit(d[2]) + Digit(d[4]) + 2 * (Digit(d[1]) + Digit(d[3]) + Digit(d[5]));
  return sum % 10 == Digit(d[6]);
}

bool IsMbi(std::string_view v) {
  std::string compact;
  for (const char c : v) {
    if (c != '-') compact += Upper(c);
  }
  if (compact.size() != 11 || compact[0] < '1' || compact[0] > '9') return false;
  const auto letter = [](char c) {
    return c >= 'A' && c <= 'Z' && std::string_view("SLOIBZ").find(c) == std::string_view::npos;
  };
  for (const std::size_t i : {1U, 4U, 7U, 8U}) {
    if (!letter(compact[i])) return false;
  }
  for (const std::size_t i : {3U, 6U, 9U, 10U}) {
    if (!IsDigit(compact[i])) return false;
  }
  return (letter(compact[2]) || IsDigit(compact[2])) && (letter(compact[5]) || IsDigit(compact[5]));
}

bool IsNanp(std::string_view d) {
  // Area and exchange begin with 2 to 9 and do not end in 11; no area has a 9 in the middle.
  const auto group = [](std::string_view g) { return g[0] >= '2' && g.substr(1) != "11"; };
  return group(d.substr(0, 3)) && d[1] != '9' && group(d.substr(3, 3));
}

// (01) and a GTIN-14 with its check digit, bare or in brackets, then more.
bool IsUdi(std::string_view v) {
  if (v.starts_with("(01)")) {
    v.remove_prefix(4);
  } else if (v.starts_with("01")) {
    v.remove_prefix(2);
  } else {
    return false;
  }
  if (v.size() < 16) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 14; ++i) {
    if (!IsDigit(v[i])) return false;
    sum += Digit(v[i]) * (i % 2 == 0 ? 3 : 1);
  }
  const std::string_view rest = v.substr(14);
  return sum % 10 == 0 &&
         (rest.front() == '(' || rest.starts_with("11") || rest.starts_with("17") ||
          rest.starts_with("10") || rest.starts_with("21"));
}

bool IsVin(std::string_view v) {
  if (v.size() != 17) return false;
  constexpr std::string_view kValues = "12345678.12345.7.923456789";  // A to Z; I, O, Q are none
  constexpr int kWeights[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const char c = Upper(v[i]);
    if (!IsDigit(c) && !IsLetter(c)) return false;
    const char value = IsDigit(c) ? c : kValues[static_cast<std::size_t>(c - 'A')];
    if (value == '.') return false;
    sum += Digit(value) * kWeights[i];
  }
  const int check = sum % 11;
  return Upper(v[8]) == (check == 10 ? 'X' : static_cast<char>('0' + check));
}

bool IsLoinc(std::string_view v) {
  const std::size_t dash = v.find('-');
  if (dash == std::string_view::npos || dash < 1 || dash > 7 || dash + 2 != v.size()) return false;
  int sum = 0;
  for (std::size_t i = 0; i < dash; ++i) {
    if (!IsDigit(v[dash - 1 - i])) return false;
    int n = Digit(v[dash - 1 - i]);
    if (i % 2 == 0) n = n * 2 > 9 ? n * 2 - 9 : n * 2;
    sum += n;
  }
  return IsDigit(v.back()) && (10 - sum % 10) % 10 == Digit(v.back());
}

}  // namespace phisync::detect
