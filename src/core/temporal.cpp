#include "core/temporal.h"

#include <charconv>
#include <limits>
#include <string_view>

#include "core/calendar.h"
#include "core/digits.h"

namespace phisync {
namespace {

using calendar::kMicrosPerDay;
// "5881580-07-11 BC" and "294277-01-09T04:00:54.775807Z BC" with room to spare.
constexpr std::size_t kLongest = 48;

// Year with at least four digits, counted in its own era, month and day.
char* WriteCivil(char* to, const calendar::Date& civil) {
  const auto year = static_cast<unsigned>(civil.year > 0 ? civil.year : 1 - civil.year);
  if (year < 10'000) {
    to = WriteFour(to, year);
  } else {
    to = std::to_chars(to, to + 8, year).ptr;
  }
  *to++ = '-';
  to = WriteTwo(to, static_cast<unsigned>(civil.month));
  *to++ = '-';
  return WriteTwo(to, static_cast<unsigned>(civil.day));
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
  to = WriteFour(to, fraction % 10'000);
  while (form == TimeForm::kLegacy && to[-1] == '0') --to;
  return to;
}

char* Write(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* WriteEra(char* to, const calendar::Date& civil) {
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
  const calendar::Date civil = calendar::CivilDate(days);
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
  std::int64_t days = microseconds / kMicrosPerDay;
  std::int64_t time = microseconds % kMicrosPerDay;
  if (time < 0) {
    time += kMicrosPerDay;
    --days;
  }
  const calendar::Date civil = calendar::CivilDate(days);
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
