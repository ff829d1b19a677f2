#include "core/transform_date.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "core/transform_apply.h"
#include "mask_fixture.h"

namespace phisync {
namespace {

using calendar::DayNumber;
using calendar::kMicrosPerDay;

TEST(TransformDate, DatesOfTheYearAndMonth) {
  const auto date = [](const char* transform, std::int64_t day) {
    return Number(transform, ValueType::kDate, day);
  };
  EXPECT_EQ(date("date_year", DayNumber(2024, 2, 29)), "2024-01-01");
  EXPECT_EQ(date("date_month", DayNumber(2024, 2, 29)), "2024-02-01");
  EXPECT_EQ(date("date_year", DayNumber(2024, 1, 1)), "2024-01-01");
  EXPECT_EQ(date("date_month", DayNumber(1999, 12, 31)), "1999-12-01");
  EXPECT_EQ(date("date_year", DayNumber(-43, 3, 15)), "0044-01-01 BC");
  EXPECT_EQ(date("date_month", DayNumber(-43, 3, 15)), "0044-03-01 BC");
  EXPECT_EQ(date("date_year", DayNumber(0, 6, 1)), "0001-01-01 BC");
  EXPECT_EQ(date("date_year", kDateInfinity), "infinity");
  EXPECT_EQ(date("date_month", kDateMinusInfinity), "-infinity");
  // The first day that there is: its year begins before it.
  EXPECT_EQ(date("date_year", -2'451'545), "null");
  EXPECT_EQ(date("date_month", -2'451'545), "null");
  EXPECT_EQ(date("date_year", 2'145'031'948), "5874897-01-01");
  EXPECT_EQ(Number("date_month", ValueType::kTimestamptz, -1), "1999-12-01T00:00:00.000000Z");
  EXPECT_EQ(Number("date_year", ValueType::kTimestamp, -1), "1999-01-01T00:00:00.000000");
  EXPECT_EQ(Number("date_year", ValueType::kTimestamp, calendar::kInfinity), "infinity");
}

TEST(TransformDate, DatesAreIdempotentAndMonotonic) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto a = static_cast<std::int64_t>(random() % 4'000'000) - 2'000'000;
    const auto b = a + static_cast<std::int64_t>(random() % 5000);
    for (const bool month : {false, true}) {
      const auto first = FirstDay(ValueType::kDate, a, month);
      const auto second = FirstDay(ValueType::kDate, b, month);
      ASSERT_TRUE(first && second);
      ASSERT_LE(*first, a);
      ASSERT_LT(a - *first, month ? 31 : 366);
      ASSERT_LE(*first, *second);
      ASSERT_EQ(FirstDay(ValueType::kDate, *first, month), first);
      ASSERT_EQ(FirstDay(ValueType::kTimestamp, a * kMicrosPerDay + 5, month),
                *first * kMicrosPerDay);
    }
  }
}

TEST(TransformDate, BirthsOfPeopleOf90AreNotShown) {
  const auto birth = [](std::int64_t day, std::int64_t today, const char* tag = "date.birth") {
    return Number("date_year", ValueType::kDate, day, tag, today * kMicrosPerDay + 5);
  };
  const std::int64_t born = DayNumber(1934, 5, 17);
  EXPECT_EQ(birth(born, DayNumber(2024, 5, 16)), "1934-01-01");
  EXPECT_EQ(birth(born, DayNumber(2024, 5, 17)), "null 90+");
  EXPECT_EQ(birth(born, DayNumber(2024, 5, 18)), "null 90+");
  EXPECT_EQ(birth(born, DayNumber(2024, 4, 30)), "1934-01-01");
  EXPECT_EQ(birth(born, DayNumber(2025, 1, 1)), "null 90+");
  EXPECT_EQ(birth(born, DayNumber(2023, 12, 31)), "1934-01-01");
  // A kind of date that may be of birth, and those that are not.
  EXPECT_EQ(birth(born, DayNumber(2024, 5, 17), "date"), "null 90+");
  EXPECT_EQ(birth(born, DayNumber(2024, 5, 17), "date.admit"), "1934-01-01");
  // Nobody born on a leap day has a 90th birthday on one.
  const std::int64_t leap = DayNumber(1936, 2, 29);
  EXPECT_EQ(birth(leap, DayNumber(2026, 2, 27)), "1936-01-01");
  EXPECT_EQ(birth(leap, DayNumber(2026, 2, 28)), "null 90+");
  EXPECT_EQ(birth(kDateMinusInfinity, 0), "null 90+");
  EXPECT_EQ(birth(kDateInfinity, 0), "infinity");
  EXPECT_EQ(birth(DayNumber(2030, 1, 1), DayNumber(2024, 1, 1)), "2030-01-01");
  EXPECT_EQ(birth(DayNumber(-43, 1, 1), DayNumber(2024, 1, 1)), "null 90+");
  EXPECT_EQ(Number("date_month", ValueType::kTimestamptz, born * kMicrosPerDay, "date.birth",
                   DayNumber(2024, 5, 17) * kMicrosPerDay),
            "null 90+");
  EXPECT_EQ(Number("date_month", ValueType::kTimestamptz, born * kMicrosPerDay, "date.birth",
                   DayNumber(2024, 5, 17) * kMicrosPerDay - 1),
            "1934-05-01T00:00:00.000000Z");
}

TEST(TransformDate, DateShiftMovesAllDatesOfASubjectAlike) {
  Fixture f;
  const Mask mask = f.Of("date_shift(30,study_a)", ValueType::kDate);
  const Mask exact = f.Of("date_shift(30,study_a)", ValueType::kTimestamptz);
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const std::string subject = std::to_string(random() % 50);
    f.context.subject = subject;
    const auto day = static_cast<std::int64_t>(random() % 100'000) - 50'000;
    const auto later = day + static_cast<std::int64_t>(random() % 1000);
    const auto a = mask.Apply({ValueType::kDate, day, {}}, f.context, f.out).value.number;
    const auto b = mask.Apply({ValueType::kDate, later, {}}, f.context, f.out).value.number;
    ASSERT_EQ(b - a, later - day);
    ASSERT_NE(a, day);
    ASSERT_LE(std::abs(a - day), 30);
    const std::int64_t micros = day * kMicrosPerDay + 12345;
    const auto c = exact.Apply({ValueType::kTimestamptz, micros, {}}, f.context, f.out);
    ASSERT_EQ(c.value.number - micros, (a - day) * kMicrosPerDay);
  }
  f.context.subject.reset();
  EXPECT_EQ(Show(mask.Apply({ValueType::kDate, 0, {}}, f.context, f.out)), "null");
  f.context.subject = "p0";
  EXPECT_EQ(Show(mask.Apply({ValueType::kDate, kDateInfinity, {}}, f.context, f.out)), "infinity");
  // p0 moves 28 days back, to before the first day that there is.
  EXPECT_EQ(Show(mask.Apply({ValueType::kDate, -2'451'545 + 27, {}}, f.context, f.out)), "null");
  EXPECT_EQ(Show(mask.Apply({ValueType::kDate, DayNumber(2024, 3, 28), {}}, f.context, f.out)),
            "2024-02-29");
  EXPECT_EQ(
      Show(exact.Apply({ValueType::kTimestamptz, calendar::kMinusInfinity, {}}, f.context, f.out)),
      "-infinity");
}

}  // namespace
}  // namespace phisync
