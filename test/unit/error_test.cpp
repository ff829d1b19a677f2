#include "core/error.h"

#include <gtest/gtest.h>

namespace phisync {
namespace {

TEST(Error, KeepsAllFields) {
  const Error e(sqlstate::kRetained, "row is under retention", "Its detail.", "Its hint.");
  EXPECT_STREQ(e.sqlstate(), "PHR01");
  EXPECT_STREQ(e.what(), "row is under retention");
  EXPECT_EQ(e.detail(), "Its detail.");
  EXPECT_EQ(e.hint(), "Its hint.");
}

TEST(Error, DetailAndHintMayBeMissing) {
  const Error e(sqlstate::kUndefinedObject, "no such thing");
  EXPECT_TRUE(e.detail().empty());
  EXPECT_TRUE(e.hint().empty());
}

}  // namespace
}  // namespace phisync
