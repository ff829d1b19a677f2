#include <gtest/gtest.h>

#include "core/purpose.h"
#include "core/row_key.h"

namespace phisync::audit {
namespace {

TEST(Purpose, CodesOfTheValueSetInAnyCase) {
  for (const char* code : {"TREAT", "ETREAT", "BTG", "HPAYMT", "HOPERAT", "HRESCH", "PATRQT",
                           "PUBHLTH", "COVERAGE", "HMARKT", "treat", "CLINTRCHNPC"}) {
    EXPECT_TRUE(IsPurpose(code)) << code;
  }
  for (const char* other : {"", "TREATMENT", "curiosity", "TREA", "BTG ", "CLINTRCHNPCX"}) {
    EXPECT_FALSE(IsPurpose(other)) << other;
  }
  EXPECT_EQ(CanonicalPurpose("hPaymt"), "HPAYMT");
}

TEST(RowKey, IsCompactJson) {
  EXPECT_EQ(KeyArray({}), "[]");
  EXPECT_EQ(KeyArray({"7"}), R"(["7"])");
  EXPECT_EQ(KeyArray({"a\"b", "c\\d\n"}), R"(["a\"b","c\\d\u000a"])");
}

TEST(RowKey, HashDependsOnSecretRelationAndEachValue) {
  const std::string hash = HashedKey("secret", "public.patient", {"123-45-6789"});
  EXPECT_EQ(hash.size(), 5U + 64U);
  EXPECT_EQ(hash.substr(0, 5), "hmac:");
  EXPECT_EQ(hash, HashedKey("secret", "public.patient", {"123-45-6789"}));
  EXPECT_EQ(hash.find("6789"), std::string::npos);
  EXPECT_NE(hash, HashedKey("secre", "public.patient", {"123-45-6789"}));
  EXPECT_NE(hash, HashedKey("secret", "public.patients", {"123-45-6789"}));
  EXPECT_NE(hash, HashedKey("secret", "public.patient", {"123-45-6788"}));
  EXPECT_NE(HashedKey("secret", "t", {"a", "b"}), HashedKey("secret", "t", {"ab"}));
}

}  // namespace
}  // namespace phisync::audit
