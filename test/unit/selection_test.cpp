#include "core/selection.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace phisync {
namespace {

TEST(MessageSelection, ListedOrAll) {
  EXPECT_FALSE(MessageSelection().Includes("app"));
  EXPECT_EQ(MessageSelection().Text(), "");
  const MessageSelection some = MessageSelection::Parse(" app , b c");
  EXPECT_TRUE(some.Includes("app"));
  EXPECT_TRUE(some.Includes("b c"));
  EXPECT_FALSE(some.Includes("ap"));
  EXPECT_FALSE(some.Includes("apps"));
  EXPECT_FALSE(some.Includes(""));
  EXPECT_EQ(some.Text(), "app,b c");
  const MessageSelection all = MessageSelection::Parse("*");
  EXPECT_TRUE(all.Includes("app"));
  EXPECT_TRUE(all.Includes(""));
  EXPECT_TRUE(all.Includes("phisyncs"));
  EXPECT_EQ(all.Text(), "*");
}

TEST(MessageSelection, NeverOurOwn) {
  EXPECT_FALSE(MessageSelection::Parse("*").Includes("phisync"));
  EXPECT_FALSE(MessageSelection::Parse("*").Includes("phisync.retention"));
  for (const char* text : {"phisync", "a,phisync.x", "", ",", "a,", "*,a", "a,*"}) {
    EXPECT_THROW(MessageSelection::Parse(text), Error) << text;
  }
}

TEST(OriginSelection, Kinds) {
  EXPECT_TRUE(OriginSelection().any());
  EXPECT_TRUE(OriginSelection::Parse("any").Includes("hub"));
  EXPECT_TRUE(OriginSelection::Parse("any").Includes({}));
  EXPECT_FALSE(OriginSelection::Parse("none").Includes("hub"));
  EXPECT_FALSE(OriginSelection::Parse("none").Includes(""));
  EXPECT_TRUE(OriginSelection::Parse("none").Includes({}));

  const OriginSelection keep = OriginSelection::Parse("hub, mirror");
  EXPECT_TRUE(keep.Includes("hub"));
  EXPECT_TRUE(keep.Includes("mirror"));
  EXPECT_FALSE(keep.Includes("other"));
  EXPECT_FALSE(keep.Includes(""));
  EXPECT_FALSE(keep.Includes({}));
  EXPECT_EQ(keep.Text(), "hub,mirror");

  const OriginSelection leave_out = OriginSelection::Parse("-hub,-mirror");
  EXPECT_FALSE(leave_out.Includes("hub"));
  EXPECT_TRUE(leave_out.Includes("other"));
  EXPECT_TRUE(leave_out.Includes(""));
  EXPECT_TRUE(leave_out.Includes({}));
  EXPECT_EQ(leave_out.Text(), "-hub,-mirror");
  for (const char* text : {"", "-", "a,", "a,-b", "-a,b", "any,a", "a,none", "-any"}) {
    EXPECT_THROW(OriginSelection::Parse(text), Error) << text;
  }
}

TEST(Shard, Parse) {
  EXPECT_TRUE(Shard().all());
  EXPECT_TRUE(Shard::Parse("0/1").all());
  EXPECT_EQ(Shard::Parse("1023/1024").Text(), "1023/1024");
  for (const char* text : {"", "/", "1", "1/", "/2", "2/2", "0/0", "-1/2", "0/1025", "0/2 ", " 0/2",
                           "0/2/2", "0x1/2", "99999999999/99999999999"}) {
    EXPECT_THROW(Shard::Parse(text), Error) << text;
  }
}

// Every bucket is in one part. The remainders are what is documented.
TEST(Shard, Vectors) {
  const Shard second = Shard::Parse("1/3");
  EXPECT_FALSE(second.Includes(3214000140U));  // clinic["a"]
  EXPECT_TRUE(second.Includes(1438580863U));   // clinic["b"]
  EXPECT_FALSE(second.Includes(4043215361U));  // clinic["c"]
  EXPECT_TRUE(Shard::Parse("2/3").Includes(4043215361U));
  EXPECT_TRUE(Shard::Parse("2/3").Includes(2818438319U));  // all[]
  for (std::uint32_t crc = 0; crc < 1000; crc++) {
    int parts = 0;
    for (std::uint32_t i = 0; i < 7; i++) parts += Shard{i, 7}.Includes(crc * 4294967U) ? 1 : 0;
    EXPECT_EQ(parts, 1);
  }
}

}  // namespace
}  // namespace phisync
