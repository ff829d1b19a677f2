#include "core/decimal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace phisync {
namespace {

std::string Floored(std::string_view decimal, std::string_view step_text) {
  Step step;
  EXPECT_TRUE(ParseStep(step_text, &step)) << step_text;
  ByteBuffer out;
  out.Append('>');
  return AppendFloor(out, decimal, step) ? std::string(out.view(1)) : "none";
}

TEST(Decimal, RoundsDown) {
  EXPECT_EQ(Floored("123.45", "10"), "120");
  EXPECT_EQ(Floored("-123.45", "10"), "-130");
  EXPECT_EQ(Floored("-120", "10"), "-120");
  EXPECT_EQ(Floored("-120.0000001", "10"), "-130");
  EXPECT_EQ(Floored("0", "10"), "0");
  EXPECT_EQ(Floored("-0.5", "10"), "-10");
  EXPECT_EQ(Floored("9.999", "10"), "0");
  EXPECT_EQ(Floored("40.7128", "0.1"), "40.7");
  EXPECT_EQ(Floored("-74.0060", "0.1"), "-74.1");
  EXPECT_EQ(Floored("-74", "0.1"), "-74.0");
  EXPECT_EQ(Floored("0.05", "0.1"), "0.0");
  EXPECT_EQ(Floored("-0.05", "0.1"), "-0.1");
  EXPECT_EQ(Floored("7.3", "2.5"), "5.0");
  EXPECT_EQ(Floored("-999", "1"), "-999");
  EXPECT_EQ(Floored("-999.5", "1"), "-1000");
  EXPECT_EQ(Floored("-9.95", "0.1"), "-10.0");
}

TEST(Decimal, ExponentsAndSize) {
  EXPECT_EQ(Floored("1.5e3", "100"), "1500");
  EXPECT_EQ(Floored("1e-7", "0.1"), "0.0");
  EXPECT_EQ(Floored("-1e-300", "5"), "-5");
  EXPECT_EQ(Floored("1e+21", "7"), "999999999999999999994");
  EXPECT_EQ(Floored("123456789012345678901234567890.9", "999999999999999999"),
            "123456789011999999876543210988");
  EXPECT_EQ(Floored("-123456789012345678901234567890.9", "999999999999999999"),
            "-123456789012999999876543210987");
  EXPECT_EQ(Floored("1" + std::string(1000, '0'), "1"), "1" + std::string(1000, '0'));
  EXPECT_EQ(Floored("1e200000", "1"), "none");
  EXPECT_EQ(Floored("0e200000", "1"), "0");
}

TEST(Decimal, WhatIsNoNumber) {
  for (const char* const text :
       {"", "NaN", "Infinity", "-Infinity", "-", ".", "1.2.3", "1e", "1x", "e5", " 1"}) {
    EXPECT_EQ(Floored(text, "1"), "none") << text;
  }
}

TEST(Decimal, AgreesWithIntegers) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(random()) >> (random() % 64);
    const std::uint64_t units = 1 + (random() >> (5 + random() % 58));
    std::int64_t floor = 0;
    const bool fits = Floor(value, units, &floor);
    if (!fits) continue;
    ASSERT_LE(floor, value);
    ASSERT_EQ(floor % static_cast<std::int64_t>(units), 0);
    ASSERT_LT(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(floor), units);
    ByteBuffer out;
    ASSERT_TRUE(AppendFloor(out, std::to_string(value), {units, 0}));
    ASSERT_EQ(out.view(), std::to_string(floor)) << value << " by " << units;
    // A multiple is its own floor.
    ByteBuffer again;
    ASSERT_TRUE(AppendFloor(again, out.view(), {units, 0}));
    ASSERT_EQ(again.view(), out.view());
  }
  std::int64_t none = 0;
  EXPECT_FALSE(Floor(std::numeric_limits<std::int64_t>::min(), 1000, &none));
}

TEST(Decimal, Steps) {
  Step step;
  EXPECT_TRUE(ParseStep("000.0010", &step));
  EXPECT_EQ(Format(step), "0.001");
  EXPECT_TRUE(ParseStep("999999999999999999", &step));
  for (const char* const text : {"", "0", "0.0", "-1", "1e5", "1.", "a", "1 ",
                                 "1234567890123456789", "0.0000000000000000001"}) {
    EXPECT_FALSE(ParseStep(text, &step)) << text;
  }
}

}  // namespace
}  // namespace phisync
