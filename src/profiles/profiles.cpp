#include "profiles/profiles.h"

#include <algorithm>

#include "core/error.h"
#include "pg/boundary.h"
#include "profiles/stored.h"

namespace phisync::profiles {
namespace {

constexpr std::string_view kEverything = "full";

Profile BuiltIn(std::string_view name, ProfileRules rules) {
  Profile profile;
  profile.name = name;
  profile.scope = name;
  profile.rules = std::move(rules);
  profile.built_in = true;
  return profile;
}

// What is stored was checked when it was written; by another version, perhaps: what this one does
// not understand drops.
Transform Understood(const char* transformation) {
  try {
    return ParseTransform(transformation);
  } catch (const Error&) {
    return {};
  }
}

// Likewise.
Confidentiality UnderstoodConfidentiality(const char* code) {
  try {
    return ParseConfidentiality(code);
  } catch (const Error&) {
    return Confidentiality::kUnrestricted;
  }
}

void Lay(const StoredRule& stored, ProfileRules* rules) {
  constexpr std::string_view kPrefix = "phi:";
  const std::string_view of = stored.tag_class;
  if (of == kUnclassified) return rules->SetUnclassified(Understood(stored.transformation));
  if (!of.starts_with(kPrefix)) return;
  const ClassId id = FindClass(of.substr(kPrefix.size()));
  if (id != kClassNone) rules->Set(id, Understood(stored.transformation));
}

// The profile's rules laid over those of its base.
Profile FromStored(const StoredProfile& stored) {
  Profile profile;
  profile.name = stored.name;
  profile.scope = stored.scope != nullptr ? stored.scope : stored.name;
  profile.rules = RulesOfBuiltIn(stored.based_on).value_or(ProfileRules());
  for (int i = 0; i < list_length(stored.rules); ++i) {
    Lay(*static_cast<StoredRule*>(list_nth(stored.rules, i)), &profile.rules);
  }
  for (int i = 0; i < list_length(stored.columns); ++i) {
    const auto& column = *static_cast<StoredColumn*>(list_nth(stored.columns, i));
    profile.columns.push_back({column.relation, column.column, Understood(column.transformation)});
  }
  for (int i = 0; i < list_length(stored.consents); ++i) {
    profile.consents.emplace_back(strVal(list_nth(stored.consents, i)));
  }
  profile.clearance = UnderstoodConfidentiality(stored.confidentiality);
  return profile;
}

}  // namespace

bool Profile::ConsentsTo(std::string_view code) const {
  if (built_in && name == kEverything) return true;
  return std::find(consents.begin(), consents.end(), code) != consents.end();
}

std::optional<Profile> Find(std::string_view name) {
  if (std::optional<ProfileRules> rules = RulesOfBuiltIn(name)) {
    return BuiltIn(name, std::move(*rules));
  }
  const StoredProfile* const stored =
      pg::Call([&] { return ReadProfile(pnstrdup(name.data(), name.size())); });
  if (stored == nullptr) return std::nullopt;
  return FromStored(*stored);
}

Profile Require(std::string_view name) {
  if (std::optional<Profile> profile = Find(name)) return std::move(*profile);
  std::string known;
  for (const BuiltInProfile& profile : BuiltInProfiles()) {
    known += (known.empty() ? "" : ", ") + std::string(profile.name);
  }
  List* const names = pg::Call([] { return ProfileNames(); });
  for (int i = 0; i < list_length(names); ++i) {
    known += ", " + std::string(strVal(list_nth(names, i)));
  }
  throw Error(sqlstate::kUndefinedObject, "profile \"" + std::string(name) + "\" does not exist",
              "A profile says which PHI the consumers of a bucket get.",
              "Use one of: " + known + ".");
}

}  // namespace phisync::profiles
