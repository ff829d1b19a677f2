#include "core/calendar.h"

#include <algorithm>

namespace phisync::calendar {
namespace {

// The server's END_TIMESTAMP: 294277-01-01.
constexpr Timestamp kEnd = INT64_C(9'223'371'331'200'000'000);
// Days from 0000-03-01, where a year of this arithmetic begins, to 2000-01-01.
constexpr std::int64_t kEpochShift = 730'425;
constexpr std::int64_t kDaysPerCycle = 146'097;

constexpr std::int64_t FloorDiv(std::int64_t a, std::int64_t b) {
  return a / b - static_cast<std::int64_t>(a % b < 0);
}

int DaysInMonth(std::int64_t year, int month) {
  if (month == 2) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return leap ? 29 : 28;
  }
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

}  // namespace

std::int64_t DayNumber(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t cycle = FloorDiv(y, 400);
  const std::int64_t year_of_cycle = y - cycle * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_cycle =
      year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
  return cycle * kDaysPerCycle + day_of_cycle - kEpochShift;
}

// Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms":
// quotients of a multiplication in place of divisions. Years run from March, so that the leap day
// is their last, and are counted from so early that no day of the server's types is below zero.
Date CivilDate(std::int64_t day_number) {
  constexpr std::int64_t kCycles = 16'384;
  const auto days = static_cast<std::uint64_t>(day_number + kEpochShift + kCycles * kDaysPerCycle);
  const std::uint64_t quarters = 4 * days + 3;
  const std::uint64_t century = quarters / kDaysPerCycle;
  const auto day_of_century = static_cast<std::uint32_t>(quarters % kDaysPerCycle / 4);
  constexpr std::uint32_t kYears = 2'939'745;  // 2^32 / 1461
  const std::uint64_t years = std::uint64_t{kYears} * (4 * day_of_century + 3);
  const std::uint32_t day_of_year = static_cast<std::uint32_t>(years) / kYears / 4;
  const std::uint32_t months = 2141 * day_of_year + 197'913;
  const bool next_year = day_of_year >= 306;
  return {static_cast<std::int64_t>(100 * century + (years >> 32)) - kCycles * 400 + next_year,
          static_cast<int>(months >> 16) - (next_year ? 12 : 0),
          static_cast<int>((months & 0xFFFF) / 2141) + 1};
}

Timestamp Add(Timestamp from, const Interval& interval) {
  if (!IsFinite(from)) return from;
  std::int64_t day = FloorDiv(from, kMicrosPerDay);
  const std::int64_t time = from - day * kMicrosPerDay;
  if (interval.months != 0) {
    const Date date = CivilDate(day);
    const std::int64_t months = date.year * 12 + date.month - 1 + interval.months;
    const std::int64_t year = FloorDiv(months, 12);
    const int month = static_cast<int>(months - year * 12) + 1;
    day = DayNumber(year, month, std::min(date.day, DaysInMonth(year, month)));
  }
  day += interval.days;
  Timestamp result = 0;
  if (__builtin_mul_overflow(day, kMicrosPerDay, &result) ||
      __builtin_add_overflow(result, time, &result) ||
      __builtin_add_overflow(result, interval.micros, &result) || result >= kEnd) {
    return kInfinity;
  }
  return result;
}

bool EverLonger(const Interval& a, const Interval& b, Timestamp* witness) {
  const std::int64_t first = DayNumber(2000, 1, 1);
  for (std::int64_t day = first; day < first + kDaysPerCycle; ++day) {
    const Timestamp from = day * kMicrosPerDay;
    if (Add(from, a) > Add(from, b)) {
      *witness = from;
      return true;
    }
  }
  return false;
}

}  // namespace phisync::calendar
