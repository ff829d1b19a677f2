#include "core/profile.h"

#include <gtest/gtest.h>

#include "core/object_name.h"

namespace phisync {
namespace {

static_assert(!FindProfile("withhold")->grants_phi);
static_assert(FindProfile("full")->grants_phi);
static_assert(FindProfile("") == nullptr && FindProfile("FULL") == nullptr);

TEST(Profile, UnknownNameIsAnErrorThatListsTheKnownOnes) {
  EXPECT_FALSE(ParseProfile("withhold").grants_phi);
  try {
    ParseProfile("none");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.sqlstate(), "42704");
    for (const Profile& profile : kProfiles) {
      EXPECT_NE(e.hint().find(profile.name), std::string::npos);
    }
  }
}

TEST(ObjectName, LowerCaseDigitsAndUnderscoreAlone) {
  EXPECT_TRUE(IsObjectName("clinic"));
  EXPECT_TRUE(IsObjectName("_1"));
  EXPECT_TRUE(IsObjectName(std::string(63, 'a')));
  for (const std::string_view bad :
       {"", "Clinic", "a-b", "a b", "a\"", "a[", "caf\xc3\xa9", "a\n"}) {
    EXPECT_FALSE(IsObjectName(bad)) << bad;
    EXPECT_THROW(CheckObjectName("bucket", bad), Error);
  }
  EXPECT_FALSE(IsObjectName(std::string(64, 'a')));
  EXPECT_FALSE(IsObjectName(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace phisync
