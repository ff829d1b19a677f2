#include "core/label_change.h"

#include <gtest/gtest.h>

#include "core/profile_rules.h"
#include "core/transform.h"

namespace phisync {
namespace {

bool Column(const char* before, const char* after) {
  return !Weaker(ParseColumnLabel(before), ParseColumnLabel(after)).empty();
}

bool Table(const char* before, const char* after) {
  return !Weaker(ParseTableLabel(before), ParseTableLabel(after)).empty();
}

TEST(LabelChange, ClassThatSomeProfileGivesMoreOf) {
  EXPECT_TRUE(Column("phi:ssn", "none"));
  EXPECT_TRUE(Column("phi:ssn", "phi:mrn"));            // treatment: the last four digits
  EXPECT_TRUE(Column("phi:freetext", "phi:clinical"));  // safe_harbor: nothing
  EXPECT_TRUE(Column("phi:clinical.note", "phi:clinical.dx"));
  EXPECT_TRUE(Column("phi:date.birth", "phi:age"));  // neither gives less than the other
  EXPECT_TRUE(Column("phi:age", "phi:date.birth"));
  EXPECT_TRUE(Column("phi:geo.street", "phi:geo.city"));
  EXPECT_TRUE(Column("phi:account", "phi:code"));

  EXPECT_FALSE(Column("none", "phi:ssn"));
  EXPECT_FALSE(Column("phi:mrn", "phi:ssn"));
  EXPECT_FALSE(Column("phi:clinical", "phi:freetext"));
  EXPECT_FALSE(Column("phi:name", "phi:name.family"));
  EXPECT_FALSE(Column("phi:date.birth", "phi:date.death"));
  EXPECT_FALSE(Column("phi:url", "phi:ip"));
  EXPECT_EQ(Weaker(ParseColumnLabel("phi:ssn"), ParseColumnLabel("phi:mrn")),
            "Profile \"treatment\" gives more of phi:mrn than of phi:ssn.");
}

TEST(LabelChange, Options) {
  EXPECT_TRUE(Column("phi:name;sens=HIV,MH", "phi:name;sens=HIV;conf=V"));
  EXPECT_TRUE(Column("phi:name;part2=yes", "phi:name"));
  EXPECT_TRUE(Column("none;rows=sens", "none"));
  EXPECT_FALSE(Column("none", "none;rows=sens"));
  EXPECT_TRUE(Column("phi:name;conf=R", "phi:name"));
  EXPECT_TRUE(Column("phi:name;quasi=yes", "phi:name"));
  EXPECT_TRUE(Column("none;subject", "none"));
  EXPECT_TRUE(Column("phi:name;of=a", "phi:name"));
  EXPECT_TRUE(Column("phi:name;of=a", "phi:name;of=b"));
  EXPECT_TRUE(Column("phi:name", "phi:name;x=keep"));
  EXPECT_TRUE(Column("phi:name;x=redact", "phi:name;x=partial(1,1)"));
  EXPECT_TRUE(Column("phi:name;policy=drop", "phi:name"));
  EXPECT_TRUE(Column("phi:name", "phi:name;policy=keep"));

  EXPECT_FALSE(Column("phi:name", "phi:name;sens=HIV"));
  EXPECT_FALSE(Column("phi:name;conf=L", "phi:name"));
  EXPECT_FALSE(Column("none", "none;subject"));
  EXPECT_FALSE(Column("none;subject", "none;subject=patient"));
  EXPECT_FALSE(Column("phi:name", "phi:name;of=a"));
  EXPECT_FALSE(Column("phi:name;x=keep", "phi:name"));
  EXPECT_FALSE(Column("phi:name;x=keep", "phi:name;x=drop"));
  EXPECT_FALSE(Column("phi:name;policy=keep", "phi:name"));
  EXPECT_FALSE(Column("phi:name", "phi:name;policy=drop"));
  EXPECT_FALSE(Column("phi:name;policy=keep", "phi:name;policy=drop"));
}

TEST(LabelChange, Tables) {
  EXPECT_TRUE(Table("phi", "none"));
  EXPECT_TRUE(Table("phi;default=error", "phi"));
  EXPECT_TRUE(Table("phi", "phi;default=keep"));
  EXPECT_TRUE(Table("phi;conf=V", "phi;conf=R"));
  EXPECT_TRUE(Table("phi;sens=HIV", "phi;conf=R"));
  EXPECT_TRUE(Table("phi;part2=yes", "phi"));
  EXPECT_FALSE(Table("phi", "phi;part2=yes"));
  EXPECT_TRUE(Table("phi;sens=HIV,MH", "phi;sens=HIV;conf=V"));
  EXPECT_TRUE(Table("phi;subject=a", "phi"));
  EXPECT_TRUE(Table("phi;subject=a", "phi;subject=b"));

  EXPECT_FALSE(Table("none", "phi"));
  EXPECT_FALSE(Table("phi", "phi;subject=a"));
  EXPECT_FALSE(Table("phi;default=keep", "phi"));
  EXPECT_FALSE(Table("phi;aad=a", "phi;aad=b"));
}

// Reflexive and transitive: weakening in two steps needs the right at least once.
TEST(LabelChangeProperty, ClassesAreInOrder) {
  const auto count = static_cast<ClassId>(TagClasses().size());
  for (ClassId a = 0; a < count; ++a) {
    EXPECT_FALSE(ClassGivesMore(a, a));
    EXPECT_EQ(ClassGivesMore(a, kClassNone), a != kClassNone);
    for (ClassId b = 0; b < count; ++b) {
      for (ClassId c = 0; c < count; ++c) {
        if (!ClassGivesMore(a, b) && !ClassGivesMore(b, c)) {
          EXPECT_FALSE(ClassGivesMore(a, c)) << ClassText(a) << ClassText(b) << ClassText(c);
        }
      }
    }
  }
}

// What is no weakening gives no built-in profile's consumers anything that they did not have.
TEST(LabelChangeProperty, NoProfileGivesMore) {
  const auto count = static_cast<ClassId>(TagClasses().size());
  for (ClassId a = 1; a < count; ++a) {
    for (ClassId b = 0; b < count; ++b) {
      if (ClassGivesMore(a, b)) continue;
      for (const BuiltInProfile& profile : BuiltInProfiles()) {
        const ProfileRules rules = *RulesOfBuiltIn(profile.name);
        EXPECT_TRUE(rules.Of(b) == rules.Of(a) || rules.Of(b).op == Op::kDrop ||
                    rules.Of(a).op == Op::kKeep)
            << profile.name << ": " << ClassText(a) << " to " << ClassText(b);
      }
    }
  }
}

}  // namespace
}  // namespace phisync
