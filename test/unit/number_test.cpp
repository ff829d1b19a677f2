#include "core/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"

namespace phisync {
namespace {

std::string Real(double value, RealForm form) {
  ByteBuffer out;
  AppendReal(out, value, form);
  return std::string(out.view());
}
std::string Row(double value) {
  return Real(value, RealForm::kRow);
}
std::string Key(double value) {
  return Real(value, RealForm::kKey);
}

TEST(Number, Integers) {
  ByteBuffer out;
  AppendInteger(out, std::numeric_limits<std::int64_t>::min());
  out.Append(' ');
  AppendInteger(out, std::numeric_limits<std::int64_t>::max());
  out.Append(' ');
  AppendUnsigned(out, std::numeric_limits<std::uint64_t>::max());
  out.Append(' ');
  AppendInteger(out, 0);
  EXPECT_EQ(out.view(), "-9223372036854775808 9223372036854775807 18446744073709551615 0");
}

TEST(Number, RealInARowKeepsItsPoint) {
  EXPECT_EQ(Row(1.0), "1.0");
  EXPECT_EQ(Row(-1.0), "-1.0");
  EXPECT_EQ(Row(2.5), "2.5");
  EXPECT_EQ(Row(0.0), "0.0");
  EXPECT_EQ(Row(-0.0), "0.0");
  EXPECT_EQ(Row(1e6), "1000000.0");
  EXPECT_EQ(Row(1e20), "100000000000000000000.0");
  EXPECT_EQ(Row(123456789012345680000.0), "123456789012345680000.0");
  EXPECT_EQ(Row(1e21), "1e+21");
  EXPECT_EQ(Row(1.5e300), "1.5e+300");
  EXPECT_EQ(Row(1e-6), "0.000001");
  EXPECT_EQ(Row(1.25e-6), "0.00000125");
  EXPECT_EQ(Row(1e-7), "1e-7");
  EXPECT_EQ(Row(-1.25e-7), "-1.25e-7");
  EXPECT_EQ(Row(5e-324), "5e-324");
  EXPECT_EQ(Row(-1.7976931348623157e308), "-1.7976931348623157e+308");
  EXPECT_EQ(Row(9007199254740991.0), "9007199254740991.0");
  EXPECT_EQ(Row(9007199254740993.0), "9007199254740992.0");
  EXPECT_EQ(Row(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Row(123.456), "123.456");
}

TEST(Number, RealInAKeyEqualsTheInteger) {
  EXPECT_EQ(Key(12.0), "12");
  EXPECT_EQ(Key(12.5), "12.5");
  EXPECT_EQ(Key(-0.0), "0");
  EXPECT_EQ(Key(1e20), "100000000000000000000");
  EXPECT_EQ(Key(1e21), "1e+21");
  EXPECT_EQ(Key(1e-7), "1e-7");
}

std::string Decimal(std::string_view text, RealForm form = RealForm::kRow) {
  ByteBuffer out;
  AppendDecimal(out, text, form);
  return std::string(out.view());
}

TEST(Number, GivenDigitsAreKept) {
  EXPECT_EQ(Decimal("0.1"), "0.1");
  EXPECT_EQ(Decimal("3.3555392e+07"), "33555392.0");
  EXPECT_EQ(Decimal("-16777216"), "-16777216.0");
  EXPECT_EQ(Decimal("16777216", RealForm::kKey), "16777216");
  EXPECT_EQ(Decimal("3.4028235e+38"), "3.4028235e+38");
  EXPECT_EQ(Decimal("1e-45"), "1e-45");
  EXPECT_EQ(Decimal("1e-05"), "0.00001");
  EXPECT_EQ(Decimal("0.000123"), "0.000123");
  EXPECT_EQ(Decimal("1e+20"), "100000000000000000000.0");
  EXPECT_EQ(Decimal("0"), "0.0");
  EXPECT_EQ(Decimal("-0"), "0.0");
  EXPECT_EQ(Decimal("0.00", RealForm::kKey), "0");
}

// Read back, the text is the same number; its digits are no more than 17 and the layout changes at
// 1e-6 and 1e21.
TEST(Number, RealsSurviveTheRoundTrip) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300'000; ++round) {
    double value = std::bit_cast<double>(random());
    if (round % 3 == 1)
      value =
          std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 120) - 90);
    if (round % 3 == 2) value = static_cast<double>(random() % 100'000'000) / 1000;
    if (!std::isfinite(value)) continue;
    const std::string row = Row(value);
    ASSERT_EQ(std::strtod(row.c_str(), nullptr), value) << row;
    const std::string key = Key(value);
    ASSERT_EQ(std::strtod(key.c_str(), nullptr), value) << key;
    const double size = std::abs(value);
    const bool exponent = size != 0 && (size >= 1e21 || size < 1e-6);
    ASSERT_EQ(row.find('e') != std::string::npos, exponent) << row;
    ASSERT_TRUE(exponent || row.find('.') != std::string::npos) << row;
    ASSERT_EQ(row, key.find_first_of(".e") == std::string::npos ? key + ".0" : key);
  }
}

// Plain decimals of any length of digits and place of the point, against the library's own reader.
TEST(Number, DecimalsKeepTheirValue) {
  std::mt19937 random(13);
  for (int round = 0; round < 100'000; ++round) {
    std::string text = std::to_string(random() % 1'000'000'000);
    if (round % 2 == 0) text.insert(1, ".");
    if (round % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 80) - 40);
    const double value = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(Decimal(text), Row(value)) << text;
  }
}

std::string Numeric(const std::vector<std::uint16_t>& words) {
  ByteBuffer out;
  AppendNumeric(out, {reinterpret_cast<const char*>(words.data()), 2 * words.size()});
  return std::string(out.view());
}
constexpr std::uint16_t Short(bool negative, int scale, int weight) {
  return static_cast<std::uint16_t>(0x8000 | (negative ? 0x2000 : 0) | scale << 7 |
                                    (weight < 0 ? 0x40 : 0) | (weight & 0x3F));
}

TEST(Number, NumericInItsShortForm) {
  EXPECT_EQ(Numeric({Short(false, 0, 0)}), "0");
  EXPECT_EQ(Numeric({Short(false, 2, 0)}), "0.00");
  EXPECT_EQ(Numeric({Short(false, 2, 0), 1, 1000}), "1.10");
  EXPECT_EQ(Numeric({Short(true, 1, 0), 12, 5000}), "-12.5");
  EXPECT_EQ(Numeric({Short(false, 0, 1), 1}), "10000");
  EXPECT_EQ(Numeric({Short(false, 0, 2), 12, 34, 5678}), "1200345678");
  EXPECT_EQ(Numeric({Short(false, 4, -1), 7}), "0.0007");
  EXPECT_EQ(Numeric({Short(false, 9, -2), 12, 3000}), "0.000000123");
  EXPECT_EQ(Numeric({Short(false, 3, 0), 9999, 9990}), "9999.999");
}

TEST(Number, NumericThatIsNone) {
  ByteBuffer out;
  EXPECT_THROW(AppendNumeric(out, ""), Error);
  EXPECT_THROW(AppendNumeric(out, "x"), Error);
  EXPECT_THROW(Numeric({0x0002}), Error);                        // a long header cut off
  EXPECT_THROW(Numeric({Short(false, 0, 0), 10000}), Error);     // a group of four digits has five
  EXPECT_THROW(Numeric({Short(false, 4, 0), 1, 60000}), Error);  // after the point
  EXPECT_EQ(out.size(), 0U);
}

TEST(Number, NumericInItsLongForm) {
  EXPECT_EQ(Numeric({0x0000 | 70, 0, 3}), "3." + std::string(70, '0'));
  EXPECT_EQ(Numeric({0x4000, 100, 5}), "-5" + std::string(400, '0'));
  EXPECT_EQ(Numeric({0x4000 | 404, static_cast<std::uint16_t>(-101), 1}),
            "-0." + std::string(403, '0') + "1");
}

TEST(Number, NumericSpecials) {
  EXPECT_EQ(Numeric({0xC000}), "NaN");
  EXPECT_EQ(Numeric({0xD000}), "Infinity");
  EXPECT_EQ(Numeric({0xF000}), "-Infinity");
}

}  // namespace
}  // namespace phisync
