#pragma once
// Calendar arithmetic in UTC on the server's own timestamps and intervals, without the server.

#include <cstdint>

namespace phisync::calendar {

// Microseconds since 2000-01-01 00:00 UTC, as the server's timestamptz.
using Timestamp = std::int64_t;
inline constexpr Timestamp kInfinity = INT64_MAX;
inline constexpr Timestamp kMinusInfinity = INT64_MIN;
inline constexpr std::int64_t kMicrosPerDay = INT64_C(86'400'000'000);

// The server's interval: three parts that do not convert into one another.
struct Interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t micros = 0;
};

inline constexpr bool IsFinite(Timestamp t) {
  return t != kInfinity && t != kMinusInfinity;
}

// No part is below zero: the only intervals that can never lead back in time.
inline constexpr bool IsForward(const Interval& i) {
  return i.months >= 0 && i.days >= 0 && i.micros >= 0;
}

// `from` plus a forward interval: months first (the day is cut to the month's last), then days,
// then microseconds, each day of 24 hours. A result past the server's last timestamp is kInfinity;
// infinities stay.
Timestamp Add(Timestamp from, const Interval& interval);

// Whether there is a day from which `a` leads further than `b`; such a day's Timestamp is put into
// `witness`. The time of day makes no difference, and the calendar repeats after 400 years, so the
// answer is exact.
bool EverLonger(const Interval& a, const Interval& b, Timestamp* witness);

// Days since 2000-01-01 of a day of the proleptic Gregorian calendar, and back: any number of 32
// bits.
std::int64_t DayNumber(std::int64_t year, int month, int day);
struct Date {
  std::int64_t year;
  int month;
  int day;
};
Date CivilDate(std::int64_t day_number);

}  // namespace phisync::calendar
