#include "core/temporal.h"

#include <charconv>
#include <limits>
#include <string_view>

namespace phisync {
namespace {

constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;
// "5881580-07-11 BC" and "294277-01-09T04:00:54.775807Z BC" with room to spare.
constexpr std::size_t kLongest = 48;

struct Civil {
  int year;  // astronomical: 0 is 1 BC
  unsigned month;
  unsigned day;
};

// The proleptic Gregorian date of a day. Years run from March, so that the leap day is their last;
// an era is 400 years of 146,097 days.
Civil CivilFromDays(std::int64_t days_since_2000) {
  constexpr int kDaysPerEra = 146'097;
  constexpr int kFirstMarchOfEra = 730'425;  // days from 0000-03-01 to 2000-01-01
  const std::int64_t days = days_since_2000 + kFirstMarchOfEra;
  const std::int64_t era = (days >= 0 ? days : days - (kDaysPerEra - 1)) / kDaysPerEra;
  const auto day_of_era = static_cast<unsigned>(days - era * kDaysPerEra);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month = (5 * day_of_year + 2) / 153;  // 0 is March
  const unsigned day = day_of_year - (153 * month + 2) / 5 + 1;
  const bool next_year = month >= 10;
  return {static_cast<int>(era * 400) + static_cast<int>(year_of_era) + (next_year ? 1 : 0),
          next_year ? month - 9 : month + 3, day};
}

char* WriteTwo(char* to, unsigned value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}

// Year with at least four digits, counted in its own era, month and day.
char* WriteCivil(char* to, const Civil& civil) {
  const auto year = static_cast<unsigned>(civil.year > 0 ? civil.year : 1 - civil.year);
  if (year < 10'000) {
    to = WriteTwo(to, year / 100);
    to = WriteTwo(to, year % 100);
  } else {
    to = std::to_chars(to, to + 8, year).ptr;
  }
  *to++ = '-';
  to = WriteTwo(to, civil.month);
  *to++ = '-';
  return WriteTwo(to, civil.day);
}

char* WriteTime(char* to, std::int64_t microseconds, TimeForm form) {
  const auto seconds = static_cast<unsigned>(microseconds / 1'000'000);
  const auto fraction = static_cast<unsigned>(microseconds % 1'000'000);
  to = WriteTwo(to, seconds / 3600);
  *to++ = ':';
  to = WriteTwo(to, seconds / 60 % 60);
  *to++ = ':';
  to = WriteTwo(to, seconds % 60);
  if (form == TimeForm::kLegacy && fraction == 0) return to;
  *to++ = '.';
  to = WriteTwo(to, fraction / 10'000);
  to = WriteTwo(to, fraction / 100 % 100);
  to = WriteTwo(to, fraction % 100);
  while (form == TimeForm::kLegacy && to[-1] == '0') --to;
  return to;
}

char* Write(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* WriteEra(char* to, const Civil& civil) {
  return civil.year > 0 ? to : Write(to, " BC");
}

constexpr std::string_view kInfinity = "infinity";
constexpr std::string_view kMinusInfinity = "-infinity";

}  // namespace

void AppendDate(ByteBuffer& out, std::int32_t days, Beyond beyond) {
  const bool late = days == std::numeric_limits<std::int32_t>::max();
  if (late || days == std::numeric_limits<std::int32_t>::min()) {
    if (beyond == Beyond::kExact) {
      out.Append(late ? kInfinity : kMinusInfinity);
    } else {
      out.Append(late ? "9999-12-31" : "0000-01-01");
    }
    return;
  }
  const Civil civil = CivilFromDays(days);
  out.Commit(WriteEra(WriteCivil(out.Reserve(kLongest), civil), civil));
}

bool AppendTimestamp(ByteBuffer& out, std::int64_t microseconds, bool utc, Beyond beyond,
                     TimeForm form) {
  const bool legacy = form == TimeForm::kLegacy;
  char* to = out.Reserve(kLongest);
  const bool late = microseconds == std::numeric_limits<std::int64_t>::max();
  if (late || microseconds == std::numeric_limits<std::int64_t>::min()) {
    if (beyond == Beyond::kExact) {
      out.Append(late ? kInfinity : kMinusInfinity);
      return true;
    }
    to = Write(to, late ? "9999-12-31" : "0000-01-01");
    *to++ = legacy ? ' ' : 'T';
    to = Write(to, late ? "23:59:59" : "00:00:00");
    if (!legacy) to = Write(to, ".000000");
    if (utc) *to++ = 'Z';
    out.Commit(to);
    return true;
  }
  std::int64_t days = microseconds / kMicrosecondsPerDay;
  std::int64_t time = microseconds % kMicrosecondsPerDay;
  if (time < 0) {
    time += kMicrosecondsPerDay;
    --days;
  }
  const Civil civil = CivilFromDays(days);
  if (beyond == Beyond::kNull && (civil.year < 1 || civil.year > 9999)) return false;
  to = WriteCivil(to, civil);
  *to++ = legacy ? ' ' : 'T';
  to = WriteTime(to, time, form);
  if (utc) *to++ = 'Z';
  out.Commit(WriteEra(to, civil));
  return true;
}

void AppendTime(ByteBuffer& out, std::int64_t microseconds, TimeForm form) {
  out.Commit(WriteTime(out.Reserve(kLongest), microseconds, form));
}

}  // namespace phisync
