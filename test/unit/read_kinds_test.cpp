#include "core/read_kinds.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace phisync {
namespace {

std::string Covered(std::string_view kind) {
  return Joined(KindTexts(KindsOf(kind)));
}

TEST(ReadKinds, AKindCoversItsPartsAndAPartItselfAlone) {
  EXPECT_EQ(Covered("phi:date.birth"), "phi:date.birth");
  EXPECT_EQ(Covered("phi:date"),
            "phi:date, phi:date.birth, phi:date.death, phi:date.discharge, phi:date.admit, "
            "phi:date.service");
  EXPECT_EQ(Covered("phi:ssn"), "phi:ssn");
  EXPECT_EQ(Covered("unclassified"), "unclassified");
}

TEST(ReadKinds, EverythingCoversEveryClassWhatNobodyClassifiedAndStatistics) {
  for (const std::string_view all : {"all", "phi:*"}) {
    const ReadKinds kinds = KindsOf(all);
    for (std::size_t i = 1; i < TagClasses().size(); ++i) EXPECT_TRUE(kinds.test(i));
    EXPECT_TRUE(kinds.test(kReadUnclassified));
    EXPECT_TRUE(kinds.test(kReadSamples));
    EXPECT_EQ(CanonicalKind(all), "phi:*");
  }
}

TEST(ReadKinds, NoSingleKindCoversStatistics) {
  ReadKinds kinds = KindsOf("unclassified");
  for (std::size_t i = 1; i < TagClasses().size(); ++i) {
    const auto id = static_cast<ClassId>(i);
    EXPECT_TRUE(KindsOf(ClassText(id)).test(i));
    EXPECT_FALSE(KindsOf(ClassText(id)).test(kReadUnclassified));
    kinds |= KindsOf(ClassText(id));
  }
  EXPECT_FALSE(kinds.test(kReadSamples));
}

TEST(ReadKinds, WhatIsNoKindIsRefusedWithWhatWasMeant) {
  for (const char* wrong : {"", "none", "phi:", "phi:none", "phi", "ssn", "phi:dob", "phi:datum",
                            "phi:date.", "phi:date.*", "ALL", " all", "phi:da"}) {
    try {
      KindsOf(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "22023");
      EXPECT_EQ(e.message(), "unknown kind \"" + std::string(wrong) + "\"");
      EXPECT_FALSE(e.hint().empty());
    }
  }
  try {
    KindsOf("ssn");
  } catch (const Error& e) {
    EXPECT_EQ(e.hint(), "Did you mean \"phi:ssn\"?");
  }
}

}  // namespace
}  // namespace phisync
