#pragma once
// Decimal numbers as text, rounded down to multiples of a step: exact at any size.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/byte_buffer.h"

namespace phisync {

// A step of 1 to 18 significant digits: units * 10^-scale, without trailing zeros of a fraction.
struct Step {
  std::uint64_t units = 0;  // 0: no step
  int scale = 0;
  [[nodiscard]] bool whole() const { return scale == 0; }
  bool operator==(const Step&) const = default;
};

// Reads a plain positive decimal such as `0.1` or `250`; false if it is not one, or too long.
bool ParseStep(std::string_view text, Step* step);
std::string Format(const Step& step);

// Appends the greatest multiple of the step that is not above the number, with the step's digits
// after the point. `decimal` is plain or has an exponent; false, and nothing appended, if it is not
// a finite number or needs more than 140,000 digits.
bool AppendFloor(ByteBuffer& out, std::string_view decimal, const Step& step);

// The same for integers; false if the result is below the type's range.
bool Floor(std::int64_t value, std::uint64_t step, std::int64_t* result);

}  // namespace phisync
