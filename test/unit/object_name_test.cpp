#include "core/object_name.h"

#include <gtest/gtest.h>

namespace phisync {
namespace {

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
