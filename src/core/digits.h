#pragma once
// Decimal digits, two at a time.

#include <array>
#include <cstring>

namespace phisync {

inline constexpr auto kDigitPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (unsigned i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

// Both digits of a number below 100.
inline char* WriteTwo(char* to, unsigned value) {
  std::memcpy(to, kDigitPairs[value].data(), 2);
  return to + 2;
}

// All four digits of a number below 10,000.
inline char* WriteFour(char* to, unsigned value) {
  return WriteTwo(WriteTwo(to, value / 100), value % 100);
}

}  // namespace phisync
