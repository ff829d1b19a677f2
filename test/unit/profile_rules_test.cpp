#include "core/profile_rules.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <set>
#include <string>

#include "core/error.h"

namespace phisync {
namespace {

ProfileRules BuiltIn(std::string_view name) {
  const auto rules = RulesOfBuiltIn(name);
  EXPECT_TRUE(rules.has_value()) << name;
  return rules.value_or(ProfileRules());
}

std::string Rule(const ProfileRules& rules, std::string_view of) {
  return Format(rules.Of(FindClass(of)));
}

std::set<std::string> Subjects(const ProfileRules& rules, Standard standard) {
  std::set<std::string> subjects;
  for (const Violation& v : Violations(rules, standard)) subjects.insert(v.subject);
  return subjects;
}

TEST(ProfileRules, WhatIsNotSaidIsDropped) {
  const ProfileRules rules;
  for (std::size_t i = 1; i < TagClasses().size(); ++i) {
    EXPECT_EQ(rules.Of(static_cast<ClassId>(i)).op, Op::kDrop);
  }
  EXPECT_EQ(rules.OfUnclassified().op, Op::kDrop);
  EXPECT_EQ(rules.Of(kClassNone).op, Op::kKeep);
  EXPECT_EQ(rules, BuiltIn("withhold"));
  EXPECT_FALSE(RulesOfBuiltIn("blind").has_value());
}

TEST(ProfileRules, APartHasItsKindsRuleUnlessItHasItsOwn) {
  ProfileRules rules;
  rules.Set(FindClass("date"), ParseTransform("date_year"));
  rules.Set(FindClass("date.birth"), ParseTransform("null"));
  EXPECT_EQ(Rule(rules, "date.admit"), "date_year");
  EXPECT_EQ(Rule(rules, "date.birth"), "null");
  EXPECT_EQ(Rule(rules, "date"), "date_year");
  // A part's rule says nothing about the kind.
  rules.Set(FindClass("geo.zip"), ParseTransform("zip3"));
  EXPECT_EQ(Rule(rules, "geo"), "drop");
  EXPECT_EQ(Rule(rules, "geo.city"), "drop");
}

TEST(ProfileRules, OverFullAKindsRuleHoldsForItsParts) {
  ProfileRules rules = BuiltIn("full");
  EXPECT_EQ(Rule(rules, "name.family"), "keep");
  rules.Set(FindClass("name"), ParseTransform("null"));
  EXPECT_EQ(Rule(rules, "name.family"), "null");
  EXPECT_EQ(Rule(rules, "name"), "null");
  EXPECT_EQ(Rule(rules, "date.birth"), "keep");
}

TEST(ProfileRules, FindsWhatIsSaidAndNothingElse) {
  ProfileRules rules;
  rules.Set(FindClass("date"), ParseTransform("keep"));
  ASSERT_NE(rules.Find(FindClass("date.birth")), nullptr);
  EXPECT_EQ(rules.Find(FindClass("date.birth"))->op, Op::kKeep);
  EXPECT_EQ(rules.Find(FindClass("ssn")), nullptr);
}

TEST(ProfileRules, ClassesOfRules) {
  EXPECT_EQ(ParseRuleClass("phi:date.birth"), FindClass("date.birth"));
  EXPECT_EQ(ParseRuleClass("ssn"), FindClass("ssn"));
  EXPECT_EQ(ParseRuleClass("unclassified"), kClassNone);
  for (const char* const wrong :
       {"", "none", "phi:", "phi", "phi:ssm", "SSN", "date.", "phi:phi:ssn"}) {
    try {
      ParseRuleClass(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "22023");
      EXPECT_FALSE(e.hint().empty());
    }
  }
}

TEST(ProfileRules, OneRuleIsCheckedAsAmongAll) {
  for (const Standard standard : {Standard::kSafeHarbor, Standard::kLimitedDataSet}) {
    for (const BuiltInProfile& profile : BuiltInProfiles()) {
      const ProfileRules rules = BuiltIn(profile.name);
      const std::set<std::string> all = Subjects(rules, standard);
      for (std::size_t i = 1; i < TagClasses().size(); ++i) {
        const auto id = static_cast<ClassId>(i);
        EXPECT_EQ(CheckRule(id, rules.Of(id), standard).has_value(), all.count(ClassText(id)) == 1);
      }
    }
    EXPECT_FALSE(CheckRule(kClassNone, ParseTransform("keep"), standard).has_value());
    EXPECT_TRUE(CheckUnclassifiedRule(ParseTransform("keep"), standard).has_value());
    EXPECT_FALSE(CheckUnclassifiedRule(ParseTransform("null"), standard).has_value());
  }
}

TEST(ProfileRules, ARuleThatIsNotForTheTypeDrops) {
  const ProfileRules rules = BuiltIn("safe_harbor");
  EXPECT_EQ(rules.On(FindClass("date.birth"), ValueType::kDate).op, Op::kDateYear);
  EXPECT_EQ(rules.On(FindClass("date.birth"), ValueType::kText).op, Op::kDrop);
  EXPECT_EQ(rules.On(FindClass("geo.zip"), ValueType::kInteger).op, Op::kZip3);
  EXPECT_EQ(rules.On(FindClass("geo.zip"), ValueType::kJson).op, Op::kDrop);
  EXPECT_EQ(rules.On(FindClass("clinical.dx"), ValueType::kOther).op, Op::kKeep);
  EXPECT_EQ(rules.OnUnclassified(ValueType::kText).op, Op::kDrop);
  EXPECT_EQ(BuiltIn("full").OnUnclassified(ValueType::kText).op, Op::kKeep);
}

TEST(ProfileRules, TheBuiltInOnes) {
  const ProfileRules safe = BuiltIn("safe_harbor");
  EXPECT_EQ(Rule(safe, "date.birth"), "date_year");
  EXPECT_EQ(Rule(safe, "age"), "age90");
  EXPECT_EQ(Rule(safe, "geo.zip"), "zip3");
  EXPECT_EQ(Rule(safe, "geo.city"), "drop");
  EXPECT_EQ(Rule(safe, "clinical.lab"), "keep");
  EXPECT_EQ(Rule(safe, "clinical.note"), "drop");
  EXPECT_EQ(Rule(safe, "freetext"), "drop");
  const ProfileRules limited = BuiltIn("limited_dataset");
  EXPECT_EQ(Rule(limited, "date.birth"), "keep");
  EXPECT_EQ(Rule(limited, "geo.zip"), "keep");
  EXPECT_EQ(Rule(limited, "geo.street"), "drop");
  EXPECT_EQ(Rule(limited, "mrn"), "drop");
  EXPECT_EQ(Rule(limited, "code"), "keep");
  const ProfileRules treatment = BuiltIn("treatment");
  EXPECT_EQ(Rule(treatment, "ssn"), "partial(0,4)");
  EXPECT_EQ(Rule(treatment, "name.given"), "keep");
  EXPECT_EQ(Rule(treatment, "biometric"), "drop");
  EXPECT_EQ(treatment.OfUnclassified().op, Op::kDrop);
}

TEST(ProfileRules, BuiltInOnesKeepTheirWord) {
  EXPECT_TRUE(Violations(BuiltIn("safe_harbor"), Standard::kSafeHarbor).empty());
  EXPECT_TRUE(Violations(BuiltIn("safe_harbor"), Standard::kLimitedDataSet).empty());
  EXPECT_TRUE(Violations(BuiltIn("withhold"), Standard::kSafeHarbor).empty());
  EXPECT_TRUE(Violations(BuiltIn("limited_dataset"), Standard::kLimitedDataSet).empty());
  EXPECT_EQ(Subjects(BuiltIn("limited_dataset"), Standard::kSafeHarbor),
            (std::set<std::string>{"phi:age", "phi:date", "phi:date.service", "phi:date.admit",
                                   "phi:date.discharge", "phi:date.death", "phi:date.birth",
                                   "phi:geo.county", "phi:geo.city", "phi:geo.zip", "phi:code"}));
  // All but health content that is no free text.
  EXPECT_EQ(Subjects(BuiltIn("full"), Standard::kSafeHarbor).size(),
            TagClasses().size() - 1 - 4 + 1);
}

TEST(ProfileRules, ViolationsSayWhatToDo) {
  struct Case {
    const char* of;
    const char* rule;
    const char* citation;  // null: allowed
    const char* why;
  };
  const Case safe_harbor[] = {
      {"name", "redact", nullptr, ""},
      {"name", "surrogate(s)", nullptr, ""},
      {"name", "partial(1,0)", "164.514(b)(2)(i)(A)", "part"},
      {"ssn", "partial(0,4)", "164.514(b)(2)(i)(G)", "part"},
      {"mrn", "pseudonym", "164.514(b)(2)(i)(H)", "derived"},
      {"email", "email", nullptr, ""},
      {"email", "email(yes)", "164.514(b)(2)(i)(F)", "part"},
      {"geo.zip", "zip3", nullptr, ""},
      {"geo.zip", "keep", "164.514(b)(2)(i)(B)", "three digits"},
      {"geo.latlon", "latlon(1)", "164.514(b)(2)(i)(B)", "state"},
      {"date.admit", "date_month", "164.514(b)(2)(i)(C)", "year"},
      {"date.birth", "date_shift(30)", "164.514(b)(2)(i)(C)", "derived"},
      {"age", "keep", "164.514(b)(2)(i)(C)", "one category"},
      {"age", "bucket(10)", "164.514(b)(2)(i)(C)", "one category"},
      {"ip", "ip", "164.514(b)(2)(i)(O)", "part"},
      {"url", "url", "164.514(b)(2)(i)(N)", "part"},
      {"photo", "keep", "164.514(b)(2)(i)(Q)", "identifier"},
      {"code", "pseudonym", "164.514(b)(2)(i)(R)", "derived"},
      {"clinical.dx", "keep", nullptr, ""},
      {"clinical.note", "keep", "164.514(b)(2)(i)", "Free text"},
      {"freetext", "partial(3,3)", "164.514(b)(2)(i)", "Free text"},
  };
  for (const Case& c : safe_harbor) {
    ProfileRules rules;
    rules.Set(FindClass(c.of), ParseTransform(c.rule));
    bool found = false;
    for (const Violation& v : Violations(rules, Standard::kSafeHarbor)) {
      if (v.subject != "phi:" + std::string(c.of)) continue;
      found = true;
      EXPECT_EQ(v.rule, Format(ParseTransform(c.rule)));
      ASSERT_NE(c.citation, nullptr) << c.of << " " << c.rule;
      EXPECT_EQ(v.citation, c.citation);
      EXPECT_NE(v.why.find(c.why), std::string_view::npos) << v.why;
      EXPECT_FALSE(v.remedy.empty());
    }
    EXPECT_EQ(found, c.citation != nullptr) << c.of << " " << c.rule;
  }
  ProfileRules rules;
  rules.SetUnclassified(ParseTransform("keep"));
  const auto violations = Violations(rules, Standard::kLimitedDataSet);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].subject, "unclassified");
  EXPECT_EQ(violations[0].citation, "164.514(e)(2)");
}

TEST(ProfileRules, TheLimitedDataSetRemovesSixteen) {
  const auto violations = Violations(BuiltIn("full"), Standard::kLimitedDataSet);
  std::set<std::string_view> citations;
  for (const Violation& v : violations) citations.insert(v.citation);
  // Sixteen paragraphs, and that of free text.
  EXPECT_EQ(citations.size(), 17U);
  EXPECT_EQ(Subjects(BuiltIn("full"), Standard::kLimitedDataSet).count("phi:date.birth"), 0U);
  EXPECT_EQ(Subjects(BuiltIn("full"), Standard::kLimitedDataSet).count("phi:geo.city"), 0U);
}

// Whatever the rules, following the remedies leads to no violation; and what is Safe Harbor is a
// limited data set too.
TEST(ProfileRules, RemediesMend) {
  std::mt19937 random(23);
  const char* const texts[] = {
      "keep",       "null",  "partial(1,1)",  "email",     "zip3",      "date_year",
      "date_month", "age90", "date_shift(9)", "bucket(5)", "pseudonym", "surrogate",
      "ip",         "url",   "latlon",        "redact",    "drop"};
  for (int i = 0; i < 300; ++i) {
    ProfileRules rules;
    for (std::size_t c = 1; c < TagClasses().size(); ++c) {
      if (random() % 3 == 0) {
        rules.Set(static_cast<ClassId>(c), ParseTransform(texts[random() % std::size(texts)]));
      }
    }
    if (random() % 2 == 0) rules.SetUnclassified(ParseTransform("keep"));
    for (const Standard standard : {Standard::kSafeHarbor, Standard::kLimitedDataSet}) {
      ProfileRules mended = rules;
      for (const Violation& v : Violations(rules, standard)) {
        const Transform remedy = ParseTransform(v.remedy.substr(0, v.remedy.find(',')));
        if (v.subject == "unclassified") {
          mended.SetUnclassified(remedy);
        } else {
          mended.Set(FindClass(v.subject.substr(4)), remedy);
        }
      }
      ASSERT_TRUE(Violations(mended, standard).empty());
      if (standard == Standard::kSafeHarbor) {
        ASSERT_TRUE(Violations(mended, Standard::kLimitedDataSet).empty());
      }
    }
  }
}

}  // namespace
}  // namespace phisync
