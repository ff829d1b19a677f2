#include "core/label_change.h"

#include "core/profile_rules.h"
#include "core/transform.h"

namespace phisync {
namespace {

// The built-in profile that gives more of `to`; empty: none does.
std::string_view ProfileThatGivesMore(ClassId from, ClassId to) {
  for (const BuiltInProfile& profile : BuiltInProfiles()) {
    const ProfileRules rules = *RulesOfBuiltIn(profile.name);
    const Transform before = rules.Of(from);
    const Transform after = rules.Of(to);
    if (after == before || after.op == Op::kDrop || before.op == Op::kKeep) continue;
    return profile.name;
  }
  return {};
}

std::string WeakerClass(ClassId from, ClassId to) {
  if (from == kClassNone || from == to) return {};
  if (to == kClassNone) return "Nothing of it would be withheld from anybody.";
  const std::string_view profile = ProfileThatGivesMore(from, to);
  if (profile.empty()) return {};
  return "Profile \"" + std::string(profile) + "\" gives more of " + ClassText(to) + " than of " +
         ClassText(from) + ".";
}

std::string Gone(std::string_view what) {
  return "Its " + std::string(what) + " would go.";
}

std::string Lowered(std::string_view what) {
  return "Its " + std::string(what) + " would be lowered.";
}

}  // namespace

bool ClassGivesMore(ClassId from, ClassId to) {
  return !WeakerClass(from, to).empty();
}

std::string Weaker(const ColumnLabel& before, const ColumnLabel& after) {
  std::string weaker = WeakerClass(before.tag_class, after.tag_class);
  if (!weaker.empty()) return weaker;
  if ((before.sens & ~after.sens) != 0) return Gone("sensitivity");
  if (before.part2 && !after.part2) return Gone("mark as a record under 42 CFR part 2");
  if (after.conf < before.conf) return Lowered("confidentiality");
  if (before.rows && !after.rows) return Gone("mark as the sensitivity of its row");
  if (before.quasi && !after.quasi) return Gone("mark as a quasi-identifier");
  if (before.subject && !after.subject) return Gone("mark as the subject");
  if (!before.of.empty() && after.of != before.of) return Gone("subject, named by of");
  if (after.phi() && !after.transform.empty() && after.transform != before.transform &&
      after.transform != "drop") {
    return "Profiles without a rule for it would give it as " + after.transform + ".";
  }
  if (before.drop && !after.drop) return Gone("policy=drop");
  return {};
}

std::string Weaker(const TableLabel& before, const TableLabel& after) {
  if (before.phi && !after.phi) return "What nobody has classified would not be withheld.";
  if ((before.sens & ~after.sens) != 0) return Gone("sensitivity");
  if (before.part2 && !after.part2) return Gone("mark as records under 42 CFR part 2");
  if (after.unclassified < before.unclassified) return Lowered("default");
  if (after.conf < before.conf) return Lowered("confidentiality");
  if (!before.subject.empty() && after.subject != before.subject) return Gone("subject");
  return {};
}

}  // namespace phisync
