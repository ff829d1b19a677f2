#include "core/transform_date.h"

#include <algorithm>
#include <limits>

#include "core/transform_apply.h"

namespace phisync {
namespace {

using calendar::kMicrosPerDay;

// What the server's types hold: from 4714-11-24 BC to 5874897-12-31, and to the end of 294276.
constexpr std::int64_t kFirstDay = -2'451'545;
constexpr std::int64_t kLastDay = 2'145'031'948;
constexpr std::int64_t kLastTimestampDay = 106'751'982;

constexpr std::int64_t FloorDiv(std::int64_t a, std::int64_t b) {
  return a / b - static_cast<std::int64_t>(a % b < 0);
}

bool IsInfinite(ValueType type, std::int64_t moment) {
  if (type == ValueType::kDate) return moment == kDateInfinity || moment == kDateMinusInfinity;
  return !calendar::IsFinite(moment);
}

// A day and a time of it as a moment of the type.
std::optional<std::int64_t> Moment(ValueType type, std::int64_t day, std::int64_t time) {
  const bool date = type == ValueType::kDate;
  if (day < kFirstDay || day > (date ? kLastDay : kLastTimestampDay)) return std::nullopt;
  return date ? day : day * kMicrosPerDay + time;
}

}  // namespace

std::int64_t DayOf(ValueType type, std::int64_t moment) {
  if (type == ValueType::kDate) return moment;
  if (moment == calendar::kInfinity) return kDateInfinity;
  if (moment == calendar::kMinusInfinity) return kDateMinusInfinity;
  return FloorDiv(moment, kMicrosPerDay);
}

std::optional<std::int64_t> FirstDay(ValueType type, std::int64_t moment, bool of_month) {
  if (IsInfinite(type, moment)) return moment;
  const calendar::Date date = calendar::CivilDate(DayOf(type, moment));
  return Moment(type, calendar::DayNumber(date.year, of_month ? date.month : 1, 1), 0);
}

std::optional<std::int64_t> FloorDays(ValueType type, std::int64_t moment, std::uint64_t step) {
  if (IsInfinite(type, moment)) return moment;
  constexpr std::int64_t kMonday = 2;
  std::int64_t day = 0;
  if (!Floor(DayOf(type, moment) - kMonday, step, &day)) return std::nullopt;
  return Moment(type, day + kMonday, 0);
}

std::optional<std::int64_t> Shift(ValueType type, std::int64_t moment, int days) {
  if (IsInfinite(type, moment)) return moment;
  const std::int64_t day = DayOf(type, moment);
  const std::int64_t time = type == ValueType::kDate ? 0 : moment - day * kMicrosPerDay;
  return Moment(type, day + days, time);
}

bool Over90(std::int64_t birth_day, calendar::Timestamp at) {
  constexpr int kYears = 90;
  if (birth_day == kDateMinusInfinity || at == calendar::kInfinity) return true;
  if (birth_day == kDateInfinity || at == calendar::kMinusInfinity) return false;
  const calendar::Date birth = calendar::CivilDate(birth_day);
  const calendar::Date today = calendar::CivilDate(FloorDiv(at, kMicrosPerDay));
  // 90 years after a leap year there is no 29 February.
  const int day = birth.month == 2 ? std::min(birth.day, 28) : birth.day;
  if (today.year != birth.year + kYears) return today.year > birth.year + kYears;
  return today.month != birth.month ? today.month > birth.month : today.day >= day;
}

}  // namespace phisync
