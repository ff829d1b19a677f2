#include "core/calendar.h"

#include <gtest/gtest.h>

#include <random>

namespace phisync::calendar {
namespace {

Timestamp At(std::int64_t year, int month, int day, std::int64_t micros = 0) {
  return DayNumber(year, month, day) * kMicrosPerDay + micros;
}

TEST(Calendar, EpochAndKnownDays) {
  EXPECT_EQ(DayNumber(2000, 1, 1), 0);
  EXPECT_EQ(DayNumber(1970, 1, 1), -10957);
  EXPECT_EQ(DayNumber(2000, 3, 1), 60);
  EXPECT_EQ(DayNumber(1900, 3, 1) - DayNumber(1900, 2, 28), 1);
}

TEST(Calendar, EveryDayOfEightHundredYearsFollowsTheOneBefore) {
  Date before = CivilDate(DayNumber(1600, 1, 1) - 1);
  for (std::int64_t n = DayNumber(1600, 1, 1); n < DayNumber(2400, 1, 1); ++n) {
    const Date date = CivilDate(n);
    ASSERT_EQ(DayNumber(date.year, date.month, date.day), n);
    ASSERT_TRUE(date.day == before.day + 1 || date.day == 1);
    before = date;
  }
}

TEST(Calendar, AnyDayOfThirtyTwoBitsThereAndBack) {
  std::mt19937 random(3);
  const auto check = [](std::int64_t n) {
    const Date date = CivilDate(n);
    ASSERT_EQ(DayNumber(date.year, date.month, date.day), n);
    ASSERT_TRUE(date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31) << n;
  };
  for (const std::int64_t edge : {INT64_C(-2147483648), INT64_C(0), INT64_C(2147483647)}) {
    for (int i = -800; i <= 800; ++i) {
      if (edge + i == static_cast<std::int32_t>(edge + i)) check(edge + i);
    }
  }
  for (int i = 0; i < 1'000'000; ++i) check(static_cast<std::int32_t>(random()));
}

TEST(Calendar, MonthsAreCutToTheLastDay) {
  EXPECT_EQ(Add(At(2023, 1, 31), {1, 0, 0}), At(2023, 2, 28));
  EXPECT_EQ(Add(At(2024, 1, 31), {1, 0, 0}), At(2024, 2, 29));
  EXPECT_EQ(Add(At(2024, 2, 29), {12, 0, 0}), At(2025, 2, 28));
  EXPECT_EQ(Add(At(2024, 2, 29), {48, 0, 0}), At(2028, 2, 29));
  EXPECT_EQ(Add(At(2000, 2, 29), {1200, 0, 0}), At(2100, 2, 28));
  EXPECT_EQ(Add(At(2024, 8, 31), {18, 0, 0}), At(2026, 2, 28));
}

TEST(Calendar, MonthsThenDaysThenTime) {
  EXPECT_EQ(Add(At(2023, 1, 31), {1, 1, 0}), At(2023, 3, 1));
  EXPECT_EQ(Add(At(2023, 1, 31, 5), {1, 1, 7}), At(2023, 3, 1, 12));
  EXPECT_EQ(Add(At(1999, 12, 31, kMicrosPerDay - 1), {0, 0, 1}), At(2000, 1, 1));
  EXPECT_EQ(Add(At(1969, 12, 31, 3), {2, 0, 0}), At(1970, 2, 28, 3));
}

TEST(Calendar, InfinitiesStayAndOverflowIsForever) {
  EXPECT_EQ(Add(kInfinity, {1, 1, 1}), kInfinity);
  EXPECT_EQ(Add(kMinusInfinity, {1, 1, 1}), kMinusInfinity);
  EXPECT_EQ(Add(At(2020, 1, 1), {INT32_MAX, 0, 0}), kInfinity);
  EXPECT_EQ(Add(At(2020, 1, 1), {0, INT32_MAX, 0}), kInfinity);
  EXPECT_EQ(Add(At(2020, 1, 1), {0, 0, INT64_MAX}), kInfinity);
  EXPECT_EQ(Add(At(2020, 1, 1), {INT32_MAX, INT32_MAX, INT64_MAX}), kInfinity);
}

TEST(Calendar, ForwardIntervalsNeverLeadBackAndKeepOrder) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 50'000; ++i) {
    const Timestamp t =
        static_cast<std::int64_t>(random() % 12'000'000'000'000'000ULL) - 6'000'000'000'000'000;
    const Timestamp later = t + static_cast<std::int64_t>(random() % 100'000'000'000ULL);
    const Interval x{static_cast<std::int32_t>(random() % 600),
                     static_cast<std::int32_t>(random() % 9000),
                     static_cast<std::int64_t>(random() % 900'000'000'000ULL)};
    ASSERT_GE(Add(t, x), t);
    // A cut to the month's end can move two days onto one, never the later before the earlier by a
    // day.
    ASSERT_GT(Add(later, x) + kMicrosPerDay, Add(t, x));
    const Interval longer{x.months + 1, x.days, x.micros};
    ASSERT_GT(Add(t, longer), Add(t, x));
  }
}

TEST(Calendar, EverLongerIsExact) {
  Timestamp witness = 0;
  EXPECT_FALSE(EverLonger({0, 365, 0}, {12, 0, 0}, &witness));
  EXPECT_TRUE(EverLonger({12, 0, 0}, {0, 365, 0}, &witness));
  EXPECT_GT(Add(witness, {12, 0, 0}), Add(witness, {0, 365, 0}));
  EXPECT_FALSE(EverLonger({12, 0, 0}, {0, 366, 0}, &witness));
  EXPECT_FALSE(EverLonger({0, 28, 0}, {1, 0, 0}, &witness));
  EXPECT_TRUE(EverLonger({0, 29, 0}, {1, 0, 0}, &witness));
  EXPECT_FALSE(EverLonger({1, 0, 0}, {0, 31, 0}, &witness));
  EXPECT_FALSE(EverLonger({3, 2, 1}, {3, 2, 1}, &witness));
  EXPECT_TRUE(EverLonger({0, 0, 1}, {0, 0, 0}, &witness));
}

}  // namespace
}  // namespace phisync::calendar
