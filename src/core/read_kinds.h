#pragma once
// Kinds of PHI that roles are granted to read, and that statements need.

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tag_class.h"

namespace phisync {

// A ClassId, or one of the two below.
using ReadKind = std::uint8_t;
// Columns that nobody has classified, in a table that holds PHI.
inline constexpr ReadKind kReadUnclassified = 255;
// Samples of any column, as the server's statistics have them: part of "phi:*" alone.
inline constexpr ReadKind kReadSamples = 254;

using ReadKinds = std::bitset<256>;

// What a grant of `text` covers: "phi:date.birth" itself; "phi:date" its parts as well;
// "unclassified"; "phi:*" or "all" everything. Throws 22023 with what was probably meant.
ReadKinds KindsOf(std::string_view text);

// The spelling under which a grant is stored: as above, "phi:*" for "all". Throws like KindsOf.
std::string CanonicalKind(std::string_view text);

// As an error message or a grant names it: "phi:date.birth", "unclassified", "phi:*".
std::string KindText(ReadKind kind);

// The kinds in `kinds`, the stricter first, each as KindText has it.
std::vector<std::string> KindTexts(const ReadKinds& kinds);

// "phi:ssn, phi:name.full".
std::string Joined(const std::vector<std::string>& texts, std::string_view separator = ", ");

}  // namespace phisync
