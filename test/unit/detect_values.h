#pragma once
// Made-up values for tests of detection, the same for the same seed.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

// Not of <random>, whose distributions differ from library to library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  int Below(int n) { return static_cast<int>(Next() % static_cast<std::uint64_t>(n)); }
  int Between(int low, int high) { return low + Below(high - low + 1); }
  template <std::size_t N>
  std::string_view Of(const std::array<std::string_view, N>& choices) {
    return choices[static_cast<std::size_t>(Below(static_cast<int>(N)))];
  }
  std::string Digits(int n) {
    std::string s;
    for (int i = 0; i < n; ++i) s += static_cast<char>('0' + Below(10));
    return s;
  }
  std::string From(std::string_view alphabet, int n) {
    std::string s;
    for (int i = 0; i < n; ++i) {
      s += alphabet[static_cast<std::size_t>(Below(static_cast<int>(alphabet.size())))];
    }
    return s;
  }

 private:
  std::uint64_t state_;
};

// A value of the kind that a list in test/corpus names; fails the test for an unknown one.
std::string MakeValue(std::string_view generator, Random& random);

// Days since 2000-01-01 for the generators dob and recent.
int MakeDay(std::string_view generator, Random& random);
