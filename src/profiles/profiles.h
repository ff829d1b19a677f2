#pragma once
// Profiles: what the consumers of a bucket get of the columns that are PHI. Built in, or a user's;
// of these the rules for classes are laid over those of the built-in one that it is based on.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/profile_rules.h"
#include "core/sensitivity_codes.h"
#include "pg/backend.h"

namespace phisync::profiles {

// A profile's own rule for one column; DDL that renames the column renames it here.
struct ColumnRule {
  Oid relation;
  std::string column;
  Transform transform;
};

struct Profile {
  std::string name;
  ProfileRules rules;
  std::vector<ColumnRule> columns;
  // Sensitivity codes (core/label.h) whose data the consumers may have: "HIV", "42CFRPart2".
  std::vector<std::string> consents;
  // Columns above it, and rows of tables above it, the consumers do not get.
  Confidentiality clearance = Confidentiality::kVeryRestricted;
  std::string scope;  // of keyed transformations that name none
  bool built_in = false;

  // Whether the consumers may have data of this sensitivity. To `full` every code is consented,
  // also one that nobody knows.
  [[nodiscard]] bool ConsentsTo(std::string_view code) const;
};

// As the current (or historic) snapshot shows it; nothing if there is none of that name. Reads by
// scan, without locks on rows. Throws.
std::optional<Profile> Find(std::string_view name);

// Error 42704 with the known names in the hint.
Profile Require(std::string_view name);

// What is done with one column.
struct Treatment {
  bool phi = false;  // else it is sent as it is
  ClassId tag_class = kClassNone;
  bool unclassified = false;  // phi, and nobody has said of which class
  ValueType type = ValueType::kOther;
  // kKeep where phi is false. A scope that it does not name is filled in with the profile's.
  Transform transform;
  bool rows = false;  // the column holds codes of the row's own sensitivity, as text or text[]
};

// [attnum - 1], of dropped columns too; right under a historic snapshot; not cached: the caller
// caches and listens to relcache invalidation, which every change of a profile, too, sends for the
// tables of the buckets that use it. Strictest first: policy=drop in the label, a confidentiality
// above the profile's, or a sensitivity without consent, drops; the profile's rule for the column,
// for that of a table above it where it has none, counts; else that for the class; in a user's
// profile without either, the label's x=; else drop. Transformations that are not for the column's
// type drop. A rule for a column that the relation has not (any more) makes all its PHI drop.
// Throws.
std::vector<Treatment> TreatmentsOf(const Profile& profile, Oid relation);

// The label of the table, or of one above it, has a sensitivity without consent or a
// confidentiality above the profile's: no row is sent.
// Throws.
bool HidesRows(const Profile& profile, Oid relation);

}  // namespace phisync::profiles
