#pragma once
// Whether a profile is as strict as a standard of the HIPAA Privacy Rule asks, with what labels and
// its rules for columns make of it in this database.

#include <vector>

#include "profiles/profiles.h"

namespace phisync::profiles {

inline constexpr std::string_view kSafeHarborName = "safe_harbor";
inline constexpr std::string_view kLimitedDataSetName = "limited_dataset";

// Error 22023 with the known names in the hint.
Standard ParseStandard(std::string_view name);

// Those of its rules for classes, then those of columns that get something else than the rule of
// their class, by name. Reads catalogs; throws.
std::vector<Violation> ViolationsOf(const Profile& profile, Standard standard);

// Columns that labels call quasi-identifiers and that the profile gives as they are, by name: no
// violation by themselves, but what (b)(2)(ii) asks somebody to look at. Without those that violate
// the standard anyhow. A limited data set may have them. Reads catalogs; throws.
std::vector<Violation> AdviceOn(const Profile& profile, Standard standard);

}  // namespace phisync::profiles
