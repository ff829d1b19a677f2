#include "core/bucket_id.h"

#include <gtest/gtest.h>

#include <random>

#include "core/error.h"
#include "core/json.h"
#include "core/key_writer.h"

namespace phisync {
namespace {

TEST(BucketId, DefinitionsAndPatterns) {
  for (const char* const text : {"clinic", "clinic[*]"}) {
    const BucketId id = ParseBucketId(text);
    EXPECT_EQ(id.name, "clinic");
    EXPECT_TRUE(id.whole);
    EXPECT_TRUE(id.values.empty());
  }
}

TEST(BucketId, Values) {
  const BucketId none = ParseBucketId("all[]");
  EXPECT_EQ(none.name, "all");
  EXPECT_FALSE(none.whole);
  EXPECT_TRUE(none.values.empty());
  const BucketId two = ParseBucketId(R"(two["u,1]\"\\\n\u0001é",-7])");
  EXPECT_EQ(two.name, "two");
  EXPECT_EQ(two.values, (std::vector<std::string>{"u,1]\"\\\n\x01é", "-7"}));
}

TEST(BucketId, RefusesWhatTheStreamNeverWrites) {
  for (const char* const text : {"",
                                 "[]",
                                 "Clinic[]",
                                 "clinic[",
                                 "clinic[]x",
                                 "clinic[ ]",
                                 "clinic[\"c1\"",
                                 "clinic[\"c1\"]]",
                                 "clinic[\"c1]",
                                 "clinic[\"c1\",]",
                                 "clinic[,\"c1\"]",
                                 "clinic[1 2]",
                                 "clinic[1\"a\"]",
                                 "clinic[null]",
                                 "clinic[\"\\x\"]",
                                 "clinic[\"\\\"]",
                                 "clinic[\"\\/\"]",
                                 "clinic[\"\\u0041\"]",
                                 "clinic[\"\\u000A\"]",
                                 "clinic[\"\\u12\"]",
                                 "clinic[\"a\nb\"]",
                                 "clinic[*]]",
                                 "clinic[*"}) {
    try {
      ParseBucketId(text);
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_STREQ(error.sqlstate(), sqlstate::kInvalidParameterValue) << text;
    }
  }
}

// What KeyWriter writes is read back, whatever bytes the values have.
TEST(BucketId, RoundTrip) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> values(random() % 4);
    ByteBuffer out;
    KeyWriter id(out, "b");
    for (std::string& value : values) {
      for (auto n = random() % 8; n > 0; --n) value += static_cast<char>(random() % 127 + 1);
      AppendJsonString(id.Next(), value);
    }
    id.Finish();
    EXPECT_EQ(ParseBucketId(out.view()).values, values) << out.view();
  }
}

}  // namespace
}  // namespace phisync
