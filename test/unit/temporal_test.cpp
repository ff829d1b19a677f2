#include "core/temporal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace phisync {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kLate = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kEarly = std::numeric_limits<std::int64_t>::min();

std::string Date(std::int32_t days, Beyond beyond = Beyond::kNull) {
  ByteBuffer out;
  AppendDate(out, days, beyond);
  return std::string(out.view());
}
// What is not written comes out as "null".
std::string Stamp(std::int64_t microseconds, bool utc = false, Beyond beyond = Beyond::kNull) {
  ByteBuffer out;
  return AppendTimestamp(out, microseconds, utc, beyond) ? std::string(out.view()) : "null";
}
std::string Time(std::int64_t microseconds) {
  ByteBuffer out;
  AppendTime(out, microseconds);
  return std::string(out.view());
}

// Counts the calendar day by day, as schoolbooks do.
TEST(Temporal, EveryDayOfFiveThousandYears) {
  int year = -2001;
  int month = 1;
  int day = 1;
  // 2000-01-01 minus 4001 years of the Gregorian calendar.
  std::int32_t days = 0;
  const auto leap = [](int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; };
  for (int y = year; y < 2000; ++y) days -= leap(y) ? 366 : 365;
  for (; year < 3000; ++days) {
    char expected[32];
    std::snprintf(expected, sizeof expected, "%04d-%02d-%02d%s", year > 0 ? year : 1 - year, month,
                  day, year > 0 ? "" : " BC");
    ASSERT_EQ(Date(days), expected);
    const int lengths[] = {31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (++day > lengths[month - 1]) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
  }
}

TEST(Temporal, DatesAtTheEdges) {
  EXPECT_EQ(Date(0), "2000-01-01");
  EXPECT_EQ(Date(8767), "2024-01-02");
  EXPECT_EQ(Date(-746'117), "0044-03-15 BC");
  EXPECT_EQ(Date(2'921'940), "10000-01-01");
  EXPECT_EQ(Date(-2'451'545 + 0), "4714-11-24 BC");  // the first that PostgreSQL stores
  EXPECT_EQ(Date(2'145'031'948), "5874897-12-31");   // the last
  EXPECT_EQ(Date(std::numeric_limits<std::int32_t>::max()), "9999-12-31");
  EXPECT_EQ(Date(std::numeric_limits<std::int32_t>::min()), "0000-01-01");
  EXPECT_EQ(Date(std::numeric_limits<std::int32_t>::max(), Beyond::kExact), "infinity");
  EXPECT_EQ(Date(std::numeric_limits<std::int32_t>::min(), Beyond::kExact), "-infinity");
}

TEST(Temporal, TimestampsHaveSixDigits) {
  EXPECT_EQ(Stamp(0), "2000-01-01T00:00:00.000000");
  EXPECT_EQ(Stamp(0, true), "2000-01-01T00:00:00.000000Z");
  EXPECT_EQ(Stamp(8767 * kDay + (3 * 3600 + 4 * 60 + 5) * kSecond + 100'000),
            "2024-01-02T03:04:05.100000");
  EXPECT_EQ(Stamp(8766 * kDay + (21 * 3600 + 34 * 60 + 5) * kSecond + 123'456, true),
            "2024-01-01T21:34:05.123456Z");
  EXPECT_EQ(Stamp(-1), "1999-12-31T23:59:59.999999");
  EXPECT_EQ(Stamp(-kDay), "1999-12-31T00:00:00.000000");
}

TEST(Temporal, TimestampsBeyondFourDigits) {
  EXPECT_EQ(Stamp(kLate), "9999-12-31T23:59:59.000000");
  EXPECT_EQ(Stamp(kEarly, true), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(Stamp(kLate, true, Beyond::kText), "9999-12-31T23:59:59.000000Z");
  EXPECT_EQ(Stamp(kLate, true, Beyond::kExact), "infinity");
  EXPECT_EQ(Stamp(kEarly, false, Beyond::kExact), "-infinity");

  const std::int64_t first_of_10000 = 2'921'940 * kDay;
  EXPECT_EQ(Stamp(first_of_10000 - 1), "9999-12-31T23:59:59.999999");
  EXPECT_EQ(Stamp(first_of_10000), "null");
  EXPECT_EQ(Stamp(first_of_10000, true, Beyond::kText), "10000-01-01T00:00:00.000000Z");
  const std::int64_t first_of_1 = -730'119 * kDay;
  EXPECT_EQ(Stamp(first_of_1), "0001-01-01T00:00:00.000000");
  EXPECT_EQ(Stamp(first_of_1 - 1), "null");
  EXPECT_EQ(Stamp(first_of_1 - 1, false, Beyond::kText), "0001-12-31T23:59:59.999999 BC");
  EXPECT_EQ(Stamp(kLate - 1, true, Beyond::kExact), "294277-01-09T04:00:54.775806Z");
}

TEST(Temporal, Times) {
  EXPECT_EQ(Time(0), "00:00:00.000000");
  EXPECT_EQ(Time((3 * 3600 + 4 * 60 + 5) * kSecond), "03:04:05.000000");
  EXPECT_EQ(Time(kDay - 1), "23:59:59.999999");
  EXPECT_EQ(Time(kDay), "24:00:00.000000");
}

// PowerSync without timestamps_iso8601: what PostgreSQL prints, in UTC.
TEST(Temporal, Legacy) {
  const auto stamp = [](std::int64_t microseconds, bool utc) {
    ByteBuffer out;
    return AppendTimestamp(out, microseconds, utc, Beyond::kNull, TimeForm::kLegacy)
               ? std::string(out.view())
               : "null";
  };
  const std::int64_t day = 8767 * kDay;
  EXPECT_EQ(stamp(day + 11'045 * kSecond + 100'000, false), "2024-01-02 03:04:05.1");
  EXPECT_EQ(stamp(day, false), "2024-01-02 00:00:00");
  EXPECT_EQ(stamp(day - kDay + 77'645 * kSecond + 123'456, true), "2024-01-01 21:34:05.123456Z");
  EXPECT_EQ(stamp(day - kDay + 77'645 * kSecond, true), "2024-01-01 21:34:05Z");
  EXPECT_EQ(stamp(kLate, false), "9999-12-31 23:59:59");
  EXPECT_EQ(stamp(kEarly, true), "0000-01-01 00:00:00Z");
  EXPECT_EQ(stamp(-800'000 * kDay, false), "null");

  const auto time = [](std::int64_t microseconds) {
    ByteBuffer out;
    AppendTime(out, microseconds, TimeForm::kLegacy);
    return std::string(out.view());
  };
  EXPECT_EQ(time(11'045 * kSecond), "03:04:05");
  EXPECT_EQ(time(11'045 * kSecond + 10), "03:04:05.00001");
  EXPECT_EQ(time(kDay), "24:00:00");
}

}  // namespace
}  // namespace phisync
