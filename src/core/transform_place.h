#pragma once
// Places and network addresses made coarser. Each function says false (or -1), and appends nothing,
// where the text is not what it is for: then nothing of it may be shown.

#include <cstdint>
#include <string_view>

#include "core/byte_buffer.h"
#include "core/decimal.h"

namespace phisync {

// The first three digits of a ZIP code of 5 or of 9 digits, among which blanks and hyphens may
// stand. Letters are a sign of another country's code.
int ZipPrefix(std::string_view text);
// Of a ZIP code that lost its leading zeros: up to 5 digits, from 501, the lowest one that there
// is. 9 digits are complete; 6 to 8 may have lost one or not, which is not guessed.
int ZipPrefix(std::int64_t number);

// The network of an IPv4 or IPv6 address, as `192.0.2.0/24`; a shorter prefix length of its own
// stays. Of IPv6 addresses that contain an IPv4 address (mapped, 6to4, NAT64) no more than `v4`
// bits of that are shown.
bool AppendNetwork(ByteBuffer& out, std::string_view text, int v4, int v6);

// A latitude or longitude from -180 to 180, rounded down to a multiple of the step.
bool AppendDegrees(ByteBuffer& out, std::string_view decimal, const Step& step);

// One such number, or two with a comma or blanks between, which may stand in parentheses:
// `(40.7,-74.0)`.
bool AppendPosition(ByteBuffer& out, std::string_view text, const Step& step);

}  // namespace phisync
