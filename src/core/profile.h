#pragma once
// Profiles: what a bucket's consumers get of the columns that are PHI.

#include <string>
#include <string_view>

#include "core/error.h"

namespace phisync {

struct Profile {
  std::string_view name;
  bool grants_phi;  // else every PHI column is left out
};

inline constexpr Profile kProfiles[] = {
    {"withhold", false},
    {"full", true},
};

// The profile of that name, or null.
constexpr const Profile* FindProfile(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

// As FindProfile; an unknown name is Error 42704 with the known ones in the hint.
inline const Profile& ParseProfile(std::string_view name) {
  if (const Profile* const profile = FindProfile(name)) return *profile;
  std::string known;
  for (const Profile& profile : kProfiles) {
    if (!known.empty()) known += ", ";
    known += profile.name;
  }
  throw Error(sqlstate::kUndefinedObject, "profile \"" + std::string(name) + "\" does not exist",
              "A profile says which PHI the consumers of a bucket get.",
              "Use one of: " + known + ".");
}

}  // namespace phisync
