#pragma once
// The rules of profiles: which transformation a consumer's values of each class go through; the
// built-in profiles; and what of a profile is not as the HIPAA Privacy Rule wants it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tag_class.h"
#include "core/transform.h"

namespace phisync {

// As it stands for a class where rules are for columns that nobody has classified.
inline constexpr std::string_view kUnclassified = "unclassified";

class ProfileRules {
 public:
  // Everything is dropped.
  ProfileRules();

  // `tag_class` is not kClassNone. A rule for a kind (phi:date) holds for its parts that have none.
  void Set(ClassId tag_class, Transform transform);
  // For columns of tables with PHI that nobody has classified.
  void SetUnclassified(Transform transform) { unclassified_ = std::move(transform); }

  // The class's own rule, else its kind's; null if it has neither.
  [[nodiscard]] const Transform* Find(ClassId tag_class) const;
  // The same, else drop; keep for kClassNone, which is no PHI.
  [[nodiscard]] Transform Of(ClassId tag_class) const;
  [[nodiscard]] const Transform& OfUnclassified() const { return unclassified_; }

  // What is done with a column of this type: its rule, or drop where that is not for the type.
  [[nodiscard]] Transform On(ClassId tag_class, ValueType type) const;
  [[nodiscard]] Transform OnUnclassified(ValueType type) const;

  bool operator==(const ProfileRules&) const = default;

 private:
  std::vector<std::optional<Transform>> rules_;  // by ClassId
  Transform unclassified_;
};

// The class that a rule is for, written as in a label, with "phi:" or without; kClassNone for
// "unclassified". Error 22023 with what was probably meant.
ClassId ParseRuleClass(std::string_view text);

// The transformation, or drop where it is not for the type.
Transform Fitting(const Transform& transform, ValueType type);

struct BuiltInProfile {
  std::string_view name;
  std::string_view description;
};

// From the strictest to the one that gives all.
std::span<const BuiltInProfile> BuiltInProfiles();
// The rules of a built-in profile; nothing if there is none of that name.
std::optional<ProfileRules> RulesOfBuiltIn(std::string_view name);

enum class Standard : std::uint8_t {
  kSafeHarbor,      // 45 CFR 164.514(b)(2)
  kLimitedDataSet,  // 45 CFR 164.514(e)(2)
};

struct Violation {
  std::string subject;        // "phi:date.birth", or "unclassified"
  std::string rule;           // the transformation, canonical
  std::string_view citation;  // "164.514(b)(2)(i)(C)"
  std::string_view why;       // a sentence
  std::string_view remedy;    // transformations that would do, best first
};

// What the standard says against one rule, of a class or for what is unclassified; nothing if
// nothing.
std::optional<Violation> CheckRule(ClassId tag_class, const Transform& rule, Standard standard);
std::optional<Violation> CheckUnclassifiedRule(const Transform& rule, Standard standard);

// What keeps a profile from being that standard, in the order of the classes; empty: nothing that
// can be told from rules. Whoever discloses must still not know of anything else that identifies.
std::vector<Violation> Violations(const ProfileRules& rules, Standard standard);

}  // namespace phisync
