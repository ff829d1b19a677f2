#pragma once
// Dates and times from PostgreSQL's stored integers as ISO 8601 text, independent of any session
// setting.

#include <cstdint>

#include "core/byte_buffer.h"

namespace phisync {

// What becomes of a value that four-digit years after Christ cannot say.
enum class Beyond : std::uint8_t {
  // As PowerSync does: infinity is the last second of 9999, -infinity the first of year 0; a time
  // stamp before year 1 or after 9999 is not written. Any date is, as PostgreSQL prints it.
  kNull,
  // As kNull, but such a time stamp is written too: `10000-01-01T00:00:00.000000`,
  // `0044-03-15T00:00:00.000000 BC`.
  kText,
  // As kText, but infinities are `infinity` and `-infinity`: different values, different texts.
  kExact,
};

// How a time of day is written: `03:04:05.100000`, after a date with a `T`; or, as PowerSync does
// without its option timestamps_iso8601, `03:04:05.1`, after a date with a blank.
enum class TimeForm : std::uint8_t { kIso, kLegacy };

// `days` since 2000-01-01, or the type's infinities: `2024-01-02`, `0044-03-15 BC`.
void AppendDate(ByteBuffer& out, std::int32_t days, Beyond beyond);

// `microseconds` since 2000-01-01T00:00, or the type's infinities: `2024-01-02T03:04:05.100000`,
// with `utc` and a `Z`. False, and nothing appended, if the value cannot be said under kNull.
bool AppendTimestamp(ByteBuffer& out, std::int64_t microseconds, bool utc, Beyond beyond,
                     TimeForm form = TimeForm::kIso);

// `microseconds` since midnight, 24:00:00 included: `03:04:05.000000`.
void AppendTime(ByteBuffer& out, std::int64_t microseconds, TimeForm form = TimeForm::kIso);

}  // namespace phisync
