#pragma once
// Numbers as JavaScript prints them, and PostgreSQL's numeric as PostgreSQL does.

#include <cstdint>
#include <string_view>

#include "core/byte_buffer.h"

namespace phisync {

void AppendInteger(ByteBuffer& out, std::int64_t value);
void AppendUnsigned(ByteBuffer& out, std::uint64_t value);

// Row JSON keeps a real number apart from an integer: 1 is `1.0`. In bucket ids both are `1`.
enum class RealForm : std::uint8_t { kRow, kKey };

// The shortest digits that read back as the same number, laid out as JavaScript does: plain between
// 1e-6 and below 1e21, else with an exponent (`1e-7`, `1e+21`); -0 is 0. `value` must be finite.
void AppendReal(ByteBuffer& out, double value, RealForm form);
// The same layout for digits that are given: a plain decimal or scientific number, such as
// `3.3555392e+07`. So the server's own digits of a single-precision number are kept.
void AppendDecimal(ByteBuffer& out, std::string_view decimal, RealForm form);

// PostgreSQL's numeric from its stored form (the bytes of the varlena without its length word,
// aligned to 2), exactly as numeric_out prints it: `1.10`, `NaN`, `-Infinity`. Throws Error XX001
// for bytes that are no numeric.
void AppendNumeric(ByteBuffer& out, std::string_view stored);

}  // namespace phisync
