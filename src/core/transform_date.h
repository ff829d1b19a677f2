#pragma once
// Dates made coarser or moved. Moments are days (date) or microseconds (timestamp, timestamptz, the
// latter in UTC) since 2000-01-01, as the server stores them. Infinities stay as they are; what
// would leave the type's range is nothing.

#include <cstdint>
#include <optional>

#include "core/calendar.h"
#include "core/transform.h"

namespace phisync {

// The day of a moment, kDateInfinity and kDateMinusInfinity for infinities.
std::int64_t DayOf(ValueType type, std::int64_t moment);

// The first day, at midnight, of its year or month.
std::optional<std::int64_t> FirstDay(ValueType type, std::int64_t moment, bool of_month);

// Midnight of the last day not after it whose number, counted from Monday 2000-01-03, is a multiple
// of `step`.
std::optional<std::int64_t> FloorDays(ValueType type, std::int64_t moment, std::uint64_t step);

// Some days later; the time of day stays.
std::optional<std::int64_t> Shift(ValueType type, std::int64_t moment, int days);

// Whether somebody born on that day is 90 or older on the day, in UTC, of `at`. Who was born on 29
// February is so from 28 February on, the earlier of the customs.
bool Over90(std::int64_t birth_day, calendar::Timestamp at);

}  // namespace phisync
