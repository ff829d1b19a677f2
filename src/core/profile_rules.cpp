#include "core/profile_rules.h"

#include <initializer_list>
#include <iterator>
#include <utility>

#include "core/error.h"

namespace phisync {
namespace {

constexpr BuiltInProfile kProfileList[] = {
    {"withhold", "No PHI at all."},
    {"safe_harbor",
     "Health content with years, ages to 90 and three-digit ZIP codes: 45 CFR 164.514(b)(2)."},
    {"limited_dataset",
     "Health content with dates, cities and ZIP codes, without direct identifiers: 45 CFR "
     "164.514(e)(2); needs a data use agreement."},
    {"treatment", "What those who treat the patient need; the last four digits of the SSN."},
    {"full", "Everything, as it is."},
};

struct BuiltInRule {
  std::string_view profile;
  std::string_view of;  // a class without "phi:"
  std::string_view transform;
};

// What stands here not is dropped. Notes are free text, whatever else is health content.
constexpr BuiltInRule kRules[] = {
    {"safe_harbor", "date", "date_year"},
    {"safe_harbor", "age", "age90"},
    {"safe_harbor", "geo.zip", "zip3"},
    {"safe_harbor", "clinical", "keep"},
    {"safe_harbor", "clinical.note", "drop"},
    {"limited_dataset", "date", "keep"},
    {"limited_dataset", "age", "keep"},
    {"limited_dataset", "geo.city", "keep"},
    {"limited_dataset", "geo.county", "keep"},
    {"limited_dataset", "geo.zip", "keep"},
    {"limited_dataset", "code", "keep"},
    {"limited_dataset", "clinical", "keep"},
    {"limited_dataset", "clinical.note", "drop"},
    {"treatment", "name", "keep"},
    {"treatment", "geo", "keep"},
    {"treatment", "date", "keep"},
    {"treatment", "age", "keep"},
    {"treatment", "phone", "keep"},
    {"treatment", "fax", "keep"},
    {"treatment", "email", "keep"},
    {"treatment", "ssn", "partial(0,4)"},
    {"treatment", "mrn", "keep"},
    {"treatment", "plan", "keep"},
    {"treatment", "device", "keep"},
    {"treatment", "photo", "keep"},
    {"treatment", "code", "keep"},
    {"treatment", "clinical", "keep"},
    {"treatment", "freetext", "keep"},
};

Transform Made(Op op) {
  Transform transform;
  transform.op = op;
  return transform;
}

// Paragraphs of 164.514 for each kind, in the order of Kind from kAge on; empty where the limited
// data set may keep it.
struct Paragraphs {
  Kind kind;
  std::string_view safe_harbor;
  std::string_view limited;
};
constexpr Paragraphs kParagraphs[] = {
    {Kind::kAge, "164.514(b)(2)(i)(C)", ""},
    {Kind::kDate, "164.514(b)(2)(i)(C)", ""},
    {Kind::kGeo, "164.514(b)(2)(i)(B)", "164.514(e)(2)(ii)"},
    {Kind::kUrl, "164.514(b)(2)(i)(N)", "164.514(e)(2)(xiii)"},
    {Kind::kIp, "164.514(b)(2)(i)(O)", "164.514(e)(2)(xiv)"},
    {Kind::kCode, "164.514(b)(2)(i)(R)", ""},
    {Kind::kDevice, "164.514(b)(2)(i)(M)", "164.514(e)(2)(xii)"},
    {Kind::kVehicle, "164.514(b)(2)(i)(L)", "164.514(e)(2)(xi)"},
    {Kind::kLicense, "164.514(b)(2)(i)(K)", "164.514(e)(2)(x)"},
    {Kind::kAccount, "164.514(b)(2)(i)(J)", "164.514(e)(2)(ix)"},
    {Kind::kPlan, "164.514(b)(2)(i)(I)", "164.514(e)(2)(viii)"},
    {Kind::kFax, "164.514(b)(2)(i)(E)", "164.514(e)(2)(iv)"},
    {Kind::kPhone, "164.514(b)(2)(i)(D)", "164.514(e)(2)(iii)"},
    {Kind::kEmail, "164.514(b)(2)(i)(F)", "164.514(e)(2)(v)"},
    {Kind::kName, "164.514(b)(2)(i)(A)", "164.514(e)(2)(i)"},
    {Kind::kMrn, "164.514(b)(2)(i)(H)", "164.514(e)(2)(vii)"},
    {Kind::kSsn, "164.514(b)(2)(i)(G)", "164.514(e)(2)(vi)"},
    {Kind::kPhoto, "164.514(b)(2)(i)(Q)", "164.514(e)(2)(xvi)"},
    {Kind::kBiometric, "164.514(b)(2)(i)(P)", "164.514(e)(2)(xv)"},
    {Kind::kClinical, "", ""},
    {Kind::kFreetext, "164.514(b)(2)(i)", "164.514(e)(2)"},
};

const Paragraphs& ParagraphsOf(Kind kind) {
  return kParagraphs[static_cast<std::size_t>(kind) - static_cast<std::size_t>(Kind::kAge)];
}

std::string_view Citation(const Paragraphs& paragraphs, Standard standard) {
  return standard == Standard::kSafeHarbor ? paragraphs.safe_harbor : paragraphs.limited;
}

bool OneOf(Op op, std::initializer_list<Op> ops) {
  for (const Op o : ops) {
    if (o == op) return true;
  }
  return false;
}

// Leaves nothing of the value.
bool Removes(const Transform& t) {
  return OneOf(t.op, {Op::kDrop, Op::kNull, Op::kRedact}) || (t.op == Op::kEmail && !t.keep_domain);
}

// Notes are health content by their class, but may hold anything by their form.
bool IsFreeText(const TagClass& c) {
  return c.kind == Kind::kFreetext || c.text == "clinical.note";
}

// The limited data set may keep: all dates and ages, towns, counties (which are no postal address),
// ZIP codes, codes that are none of the sixteen.
bool LimitedKeeps(const TagClass& c) {
  return ParagraphsOf(c.kind).limited.empty() || c.text == "geo.city" || c.text == "geo.county" ||
         c.text == "geo.zip";
}

bool Allowed(const TagClass& c, const Transform& t, Standard standard) {
  if (Removes(t)) return true;
  if (IsFreeText(c)) return false;
  if (c.kind == Kind::kClinical) return true;
  // Random, hence not derived from the individual: 164.514(c).
  if (t.op == Op::kSurrogate) return true;
  if (standard == Standard::kLimitedDataSet) {
    return LimitedKeeps(c) || t.op == Op::kPseudonym || (c.kind == Kind::kGeo && t.op == Op::kZip3);
  }
  switch (c.kind) {
    case Kind::kDate:
      return t.op == Op::kDateYear;
    case Kind::kAge:
      return t.op == Op::kDateYear || t.op == Op::kAge90;
    case Kind::kGeo:
      return t.op == Op::kZip3;
    default:
      return false;
  }
}

std::string_view Why(const TagClass& c, const Transform& t, Standard standard) {
  if (IsFreeText(c)) return "Free text may hold any identifier.";
  if (standard == Standard::kSafeHarbor) {
    if (t.op == Op::kPseudonym) return "A pseudonym is derived from the value (164.514(c)).";
    if (t.op == Op::kDateShift) return "A shifted date is derived from the date (164.514(c)).";
    if (c.kind == Kind::kDate) return "Of dates about a person only the year may stay.";
    if (c.kind == Kind::kAge) return "Ages of 90 and more are one category.";
    if (c.text == "geo.zip") return "Of ZIP codes only the first three digits may stay.";
    if (c.kind == Kind::kGeo) return "No place smaller than a state may stay.";
  }
  if (c.kind == Kind::kGeo) return "Of addresses only town, state and ZIP code may stay.";
  return t.op == Op::kKeep ? "It is an identifier." : "It leaves a part of an identifier.";
}

std::string_view Remedy(const TagClass& c, Standard standard) {
  if (IsFreeText(c)) return "drop, null, redact";
  if (standard == Standard::kLimitedDataSet) return "drop, null, redact, pseudonym, surrogate";
  if (c.kind == Kind::kDate) return "date_year, drop, null";
  if (c.kind == Kind::kAge) return "age90, drop, null";
  if (c.text == "geo.zip") return "zip3, drop, null";
  return "drop, null, redact, surrogate";
}

}  // namespace

ClassId ParseRuleClass(std::string_view text) {
  constexpr std::string_view kPrefix = "phi:";
  if (text == kUnclassified) return kClassNone;
  const std::string_view bare = text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : text;
  const ClassId id = FindClass(bare);
  if (id != kClassNone) return id;
  const std::string meant = SuggestClass(bare);
  throw Error(
      sqlstate::kInvalidParameterValue, "unknown class \"" + std::string(text) + "\"",
      "Rules are for classes of tags, such as phi:date.birth or phi:date, and for what is "
      "unclassified.",
      meant.empty() ? "docs/tags.md lists the classes." : "Did you mean \"" + meant + "\"?");
}

Transform Fitting(const Transform& transform, ValueType type) {
  try {
    CheckFits(transform, type);
  } catch (const Error&) {
    return Made(Op::kDrop);
  }
  return transform;
}

ProfileRules::ProfileRules() : rules_(TagClasses().size()) {}

void ProfileRules::Set(ClassId tag_class, Transform transform) {
  rules_[tag_class] = std::move(transform);
}

const Transform* ProfileRules::Find(ClassId tag_class) const {
  if (rules_[tag_class]) return &*rules_[tag_class];
  const std::string_view text = TagClasses()[tag_class].text;
  const ClassId whole = FindClass(text.substr(0, text.find('.')));
  return rules_[whole] ? &*rules_[whole] : nullptr;
}

Transform ProfileRules::Of(ClassId tag_class) const {
  if (tag_class == kClassNone) return Made(Op::kKeep);
  const Transform* const rule = Find(tag_class);
  return rule != nullptr ? *rule : Made(Op::kDrop);
}

Transform ProfileRules::On(ClassId tag_class, ValueType type) const {
  return Fitting(Of(tag_class), type);
}
Transform ProfileRules::OnUnclassified(ValueType type) const {
  return Fitting(unclassified_, type);
}

std::span<const BuiltInProfile> BuiltInProfiles() {
  return kProfileList;
}

std::optional<ProfileRules> RulesOfBuiltIn(std::string_view name) {
  bool known = false;
  for (const BuiltInProfile& profile : kProfileList) known = known || profile.name == name;
  if (!known) return std::nullopt;
  ProfileRules rules;
  if (name == "full") {
    // Kinds alone: a rule that a user lays over one must hold for its parts.
    for (std::size_t i = 1; i < TagClasses().size(); ++i) {
      if (TagClasses()[i].text.find('.') != std::string_view::npos) continue;
      rules.Set(static_cast<ClassId>(i), Made(Op::kKeep));
    }
    rules.SetUnclassified(Made(Op::kKeep));
  }
  for (const BuiltInRule& rule : kRules) {
    if (rule.profile == name) rules.Set(FindClass(rule.of), ParseTransform(rule.transform));
  }
  return rules;
}

std::optional<Violation> CheckRule(ClassId tag_class, const Transform& rule, Standard standard) {
  const TagClass& c = TagClasses()[tag_class];
  if (tag_class == kClassNone || Allowed(c, rule, standard)) return std::nullopt;
  const Paragraphs& paragraphs = ParagraphsOf(IsFreeText(c) ? Kind::kFreetext : c.kind);
  return Violation{ClassText(tag_class), Format(rule), Citation(paragraphs, standard),
                   Why(c, rule, standard), Remedy(c, standard)};
}

std::optional<Violation> CheckUnclassifiedRule(const Transform& rule, Standard standard) {
  if (Removes(rule)) return std::nullopt;
  return Violation{std::string(kUnclassified), Format(rule),
                   Citation(ParagraphsOf(Kind::kFreetext), standard),
                   "What nobody has classified may be any identifier.", "drop, null, redact"};
}

std::vector<Violation> Violations(const ProfileRules& rules, Standard standard) {
  std::vector<Violation> violations;
  for (std::size_t i = 1; i < TagClasses().size(); ++i) {
    const auto id = static_cast<ClassId>(i);
    if (auto violation = CheckRule(id, rules.Of(id), standard)) {
      violations.push_back(std::move(*violation));
    }
  }
  if (auto violation = CheckUnclassifiedRule(rules.OfUnclassified(), standard)) {
    violations.push_back(std::move(*violation));
  }
  return violations;
}

}  // namespace phisync
