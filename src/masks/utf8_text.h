#pragma once
// Texts of the database as the core wants them, and back, whatever the database's encoding.

#include <string_view>

#include "pg/boundary.h"

namespace phisync::masks {

// The text in UTF-8; palloc'd where it had to be converted.
std::string_view ToUtf8(std::string_view text);

// UTF-8 text in Unicode normal form C; palloc'd where it was not.
std::string_view ToNormalFormC(std::string_view utf8);

// A text datum of UTF-8 text.
Datum FromUtf8(std::string_view utf8);

}  // namespace phisync::masks
