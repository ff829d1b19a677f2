#include "core/record.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

#include "core/bytes.h"
#include "core/checksum.h"
#include "core/json.h"
#include "core/key_writer.h"
#include "core/number.h"

namespace phisync {
namespace {

TEST(Checksum, PutVectors) {
  EXPECT_EQ(OperationSum(R"(put.patients.p1.{"id":"p1"})"), 3220149219U);
  EXPECT_EQ(OperationSum("put.t.."), 566105923U);
  EXPECT_EQ(OperationSum("put.é.ü.{\"a\":\"\u2028\U0001F600\"}"), 3252623454U);
  EXPECT_EQ(OperationSum(R"(put.clinics.c1.{"id":"c1","name":"C"})"), 1015714147U);
  EXPECT_EQ(OperationSum(R"(put.clinics.c1.{"id":"c1","name":"Main"})"), 2804768369U);
  EXPECT_EQ(OperationSum(R"(put.clinics.c1.{"id":"c1","name":"Main2","extra":"e"})"), 1931428049U);
  EXPECT_EQ(OperationSum("put.patients.p2."
                         R"({"id":"p2","clinic_id":"c1","name":"Bob","n":1,"f":2.5,"note":"n"})"),
            283329266U);
  EXPECT_EQ(OperationSum("put.patients.p2."
                         R"({"id":"p2","clinic_id":"c2","name":"Bob","n":1,"f":2.5,"note":"n"})"),
            628927088U);
}

TEST(Checksum, RemoveVectors) {
  EXPECT_EQ(OperationSum("delete.k2"), 1739011211U);
  EXPECT_EQ(OperationSum("delete."), 3472646803U);
  EXPECT_EQ(OperationSum(
                "delete.41889198-bbe5-4d30-8728-a42a61c1ea94/987ae21b-b761-532c-b241-2f4711e910ed"),
            725717715U);
}

// A bucket's checksum is the wrapping 32-bit sum: plain unsigned addition of what OperationSum
// gives.
TEST(Checksum, SumsWrap) {
  EXPECT_EQ(4294967295U + 1U, 0U);
  EXPECT_EQ(static_cast<std::int32_t>(2147483647U + 1U), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(static_cast<std::int32_t>(4000000000U + 4000000000U), -589934592);
  EXPECT_EQ(static_cast<std::int32_t>(static_cast<std::uint32_t>(-1) + 4294967295U), -2);
  // A CLEAR record stands for what it replaced: put, put, remove of research vectors.
  EXPECT_EQ(3766034677U + 628927088U + 1995183654U, 2095178123U);
}

TEST(Key, BucketIds) {
  ByteBuffer out;
  KeyWriter one(out, "by_clinic");
  AppendJsonString(one.Next(), "c1");
  one.Finish();
  EXPECT_EQ(out.view(), R"(by_clinic["c1"])");

  out.Clear();
  KeyWriter(out, "glob").Finish();
  EXPECT_EQ(out.view(), "glob[]");

  out.Clear();
  KeyWriter two(out, "two");
  AppendJsonString(two.Next(), "u\"1");
  AppendReal(two.Next(), 12.0, RealForm::kKey);
  AppendInteger(two.Next(), -3);
  two.Finish();
  EXPECT_EQ(out.view(), R"(two["u\"1",12,-3])");

  out.Clear();
  KeyWriter subkey(out, 10);
  AppendJsonString(subkey.Next(), "p1");
  subkey.Finish();
  EXPECT_EQ(out.view(), R"(10["p1"])");
}

// Numbers of equal value print alike in ids.
TEST(Key, PowerSyncVectors) {
  const auto id = [](auto append) {
    ByteBuffer out;
    KeyWriter writer(out, "b");
    append(writer.Next());
    writer.Finish();
    return std::string(out.view());
  };
  const auto real = [&](double value) {
    return id([&](ByteBuffer& out) { AppendReal(out, value, RealForm::kKey); });
  };
  EXPECT_EQ(id([](ByteBuffer& out) { AppendInteger(out, 12); }), "b[12]");
  EXPECT_EQ(real(12.0), "b[12]");
  EXPECT_EQ(real(12.5), "b[12.5]");
  EXPECT_EQ(real(-0.0), "b[0]");
  EXPECT_EQ(real(1e21), "b[1e+21]");
  EXPECT_EQ(real(1e-7), "b[1e-7]");
  const auto text = [&](std::string_view value) {
    return id([&](ByteBuffer& out) { AppendJsonString(out, value); });
  };
  EXPECT_EQ(text("\"\\\b\f\n\r\t"), R"(b["\"\\\b\f\n\r\t"])");
  EXPECT_EQ(text(std::string_view("\0\x1f", 2)), R"(b["\u0000\u001f"])");
  EXPECT_EQ(text("/\x7f\u2028é"), "b[\"/\x7f\u2028é\"]");

  ByteBuffer out;
  KeyWriter two(out, "two");
  AppendJsonString(two.Next(), "u1");
  AppendJsonString(two.Next(), "eu");
  two.Finish();
  EXPECT_EQ(out.view(), R"(two["u1","eu"])");
}

TEST(Bytes, Uuid) {
  const unsigned char bytes[] = {0x4b, 0x11, 0x3b, 0xf1, 0xeb, 0x3c, 0x58, 0x7b,
                                 0xa6, 0x5a, 0x6b, 0xd0, 0x10, 0x5f, 0xb8, 0xd5};
  ByteBuffer out;
  AppendUuid(out, bytes);
  EXPECT_EQ(out.view(), "4b113bf1-eb3c-587b-a65a-6bd0105fb8d5");
}

TEST(Bytes, HexOfEveryByteAtEveryLength) {
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    ByteBuffer out;
    AppendHex(out, bytes);
    ASSERT_EQ(out.view(), expected);
    bytes += static_cast<char>(i * 7);
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", i * 7 % 256);
    expected += digits;
  }
}

TEST(Bytes, HexAndBase64) {
  ByteBuffer out;
  AppendHex(out, std::string_view("\x00\xff\x7f", 3));
  EXPECT_EQ(out.view(), "00ff7f");
  const std::array<std::pair<std::string_view, std::string_view>, 7> rfc4648{
      {{"", ""},
       {"f", "Zg=="},
       {"fo", "Zm8="},
       {"foo", "Zm9v"},
       {"foob", "Zm9vYg=="},
       {"fooba", "Zm9vYmE="},
       {"foobar", "Zm9vYmFy"}}};
  for (const auto& [bytes, text] : rfc4648) {
    out.Clear();
    AppendBase64(out, bytes);
    EXPECT_EQ(out.view(), text);
  }
}

TEST(Bytes, Lsn) {
  ByteBuffer out;
  AppendLsn(out, 0x16B374D848);
  out.Append(' ');
  AppendLsn(out, 0);
  out.Append(' ');
  AppendLsn(out, 0xFFFFFFFFFFFFFFFF);
  out.Append(' ');
  AppendPaddedLsn(out, 0x16B374D848);
  EXPECT_EQ(out.view(), "16/B374D848 0/0 FFFFFFFF/FFFFFFFF 00000016/B374D848");
}

class Records : public ::testing::Test {
 protected:
  std::string_view Line() const { return out_.view(); }
  ByteBuffer out_;
};

TEST_F(Records, Hello) {
  AppendHello(out_, {.system = 7123456789012345678,
                     .timeline = 1,
                     .database = "d\"b",
                     .slot = "s",
                     .options_json = R"({"consumer":"app"})"});
  EXPECT_EQ(
      Line(),
      R"({"k":"hello","format":1,"system":"7123456789012345678","timeline":1,"database":"d\"b",)"
      R"("slot":"s","options":{"consumer":"app"}})"
      "\n");
}

TEST_F(Records, Begin) {
  AppendBegin(
      out_,
      {.xid = 742, .lsn = 0x16B374D848, .time = 0, .origin = {}, .cause = {}, .snapshot = {}});
  EXPECT_EQ(Line(),
            R"({"k":"begin","xid":742,"lsn":"16/B374D848","time":"2000-01-01T00:00:00.000000Z",)"
            R"("origin":null,"cause":null})"
            "\n");
  out_.Clear();
  AppendBegin(out_, {.xid = 4294967295,
                     .lsn = 1,
                     .time = 0,
                     .origin = "o\n",
                     .cause = "retention",
                     .snapshot = {}});
  EXPECT_EQ(Line(),
            R"({"k":"begin","xid":4294967295,"lsn":"0/1","time":"2000-01-01T00:00:00.000000Z",)"
            R"("origin":"o\n","cause":"retention"})"
            "\n");
}

TEST_F(Records, BeginAndEndOfSnapshot) {
  AppendBegin(
      out_, {.xid = 0, .lsn = {}, .time = 0, .origin = {}, .cause = {}, .snapshot = "750:752:750"});
  AppendError(out_, 1, {}, "public.t", "22012");
  AppendCommit(out_, {}, {}, 1, 7);
  EXPECT_EQ(Line(), R"({"k":"begin","xid":0,"lsn":null,"time":"2000-01-01T00:00:00.000000Z",)"
                    R"("origin":null,"cause":null,"snapshot":"750:752:750"})"
                    "\n"
                    R"({"k":"error","seq":1,"lsn":null,"relation":"public.t","sqlstate":"22012"})"
                    "\n"
                    R"({"k":"commit","lsn":null,"end":null,"count":1,"crc":7})"
                    "\n");
}

TEST_F(Records, PutAndRemove) {
  const std::string_view buckets[] = {R"(clinic["c1"])", "all[]"};
  const RowRecord row{.seq = 3,
                      .buckets = buckets,
                      .type = "patient",
                      .id = "p1",
                      .subkey = R"(0["p1"])",
                      .sum = 4294967295};
  AppendPut(out_, row, {}, R"({"id":"p1"})");
  EXPECT_EQ(Line(),
            R"({"k":"put","seq":3,"buckets":["clinic[\"c1\"]","all[]"],"type":"patient","id":"p1",)"
            R"("subkey":"0[\"p1\"]","sum":4294967295,"data":{"id":"p1"}})"
            "\n");
  out_.Clear();
  const std::string_view incomplete[] = {"note", "scan"};
  AppendPut(out_, row, incomplete, "{}");
  EXPECT_EQ(Line(),
            R"({"k":"put","seq":3,"buckets":["clinic[\"c1\"]","all[]"],"type":"patient","id":"p1",)"
            R"("subkey":"0[\"p1\"]","incomplete":["note","scan"],"sum":4294967295,"data":{}})"
            "\n");
  out_.Clear();
  AppendRemove(out_, row, "moved");
  EXPECT_EQ(
      Line(),
      R"({"k":"remove","seq":3,"buckets":["clinic[\"c1\"]","all[]"],"type":"patient","id":"p1",)"
      R"("subkey":"0[\"p1\"]","sum":4294967295,"reason":"moved"})"
      "\n");
}

TEST_F(Records, Others) {
  AppendClear(out_, 1, "clinic[*]", "patient", 10, "truncate");
  AppendError(out_, 2, 255, "public.patient", "22P02");
  AppendCommit(out_, 0x100000001, 0x100000030, 2, 3808858755);
  AppendProgress(out_, 16);
  EXPECT_EQ(
      Line(),
      R"({"k":"clear","seq":1,"buckets":"clinic[*]","type":"patient","subkeys":"10[*]","reason":"truncate"})"
      "\n"
      R"({"k":"error","seq":2,"lsn":"0/FF","relation":"public.patient","sqlstate":"22P02"})"
      "\n"
      R"({"k":"commit","lsn":"1/1","end":"1/30","count":2,"crc":3808858755})"
      "\n"
      R"({"k":"progress","lsn":"0/10"})"
      "\n");
}

TEST_F(Records, Policy) {
  const std::string_view buckets[] = {"clinic[*]", "all[*]"};
  AppendPolicy(out_, 4, 12, "tag changed", buckets);
  AppendPolicy(out_, 5, {}, "partition truncated", std::span(buckets).first(1));
  EXPECT_EQ(
      Line(),
      R"({"k":"policy","seq":4,"version":12,"what":"tag changed","buckets":["clinic[*]","all[*]"]})"
      "\n"
      R"({"k":"policy","seq":5,"version":null,"what":"partition truncated","buckets":["clinic[*]"]})"
      "\n");
}

TEST_F(Records, Messages) {
  AppendMessage(out_, RecordSeq(2), 255, "app", "high \"water\"\n", true);
  AppendMessage(out_, {}, 255, "app", std::string_view("\xff\0", 2), false);
  AppendMessage(out_, RecordSeq(3, 745), 256, "app", {}, false);
  EXPECT_EQ(Line(),
            R"({"k":"message","seq":2,"lsn":"0/FF","prefix":"app","content":"high \"water\"\n"})"
            "\n"
            R"({"k":"message","seq":null,"lsn":"0/FF","prefix":"app","content_base64":"/wA="})"
            "\n"
            R"({"k":"message","seq":3,"xid":745,"lsn":"0/100","prefix":"app","content":null})"
            "\n");
}

// A record of a subtransaction in progress names it, before what is cut out of the line.
TEST_F(Records, Subtransactions) {
  const std::string_view buckets[] = {"all[]"};
  const RowRecord row{
      .seq = {3, 745}, .buckets = buckets, .type = "t", .id = "1", .subkey = "0[1]", .sum = 5};
  AppendPut(out_, row, {}, "{}");
  AppendRemove(out_, row, "delete");
  AppendClear(out_, {4, 745}, "all[*]", "t", 0, "truncate");
  AppendPolicy(out_, {5, 745}, 1, "w", buckets);
  AppendError(out_, {6, 745}, 1, "s.t", "22012");
  EXPECT_EQ(
      Line(),
      R"({"k":"put","seq":3,"xid":745,"buckets":["all[]"],"type":"t","id":"1","subkey":"0[1]","sum":5,"data":{}})"
      "\n"
      R"({"k":"remove","seq":3,"xid":745,"buckets":["all[]"],"type":"t","id":"1","subkey":"0[1]","sum":5,"reason":"delete"})"
      "\n"
      R"({"k":"clear","seq":4,"xid":745,"buckets":"all[*]","type":"t","subkeys":"0[*]","reason":"truncate"})"
      "\n"
      R"({"k":"policy","seq":5,"xid":745,"version":1,"what":"w","buckets":["all[]"]})"
      "\n"
      R"({"k":"error","seq":6,"xid":745,"lsn":"0/1","relation":"s.t","sqlstate":"22012"})"
      "\n");
}

TEST_F(Records, Parts) {
  AppendStreamStart(out_, 742);
  AppendStreamStop(out_, 742);
  AppendStreamAbort(out_, 742, 745);
  AppendStreamCommit(out_, {.xid = 742,
                            .lsn = 0x100000001,
                            .end = 0x100000030,
                            .time = 0,
                            .origin = "hub",
                            .cause = {},
                            .count = 2,
                            .crc = 7});
  EXPECT_EQ(
      Line(),
      R"({"k":"stream_start","xid":742})"
      "\n"
      R"({"k":"stream_stop","xid":742})"
      "\n"
      R"({"k":"stream_abort","xid":742,"subxid":745})"
      "\n"
      R"({"k":"stream_commit","xid":742,"lsn":"1/1","end":"1/30","time":"2000-01-01T00:00:00.000000Z",)"
      R"("origin":"hub","cause":null,"count":2,"crc":7})"
      "\n");
}

}  // namespace
TEST_F(Records, Lookup) {
  LookupRecord lookup{.seq = 3,
                      .bucket = "clinic",
                      .key_json = R"({"user_id":"u1"})",
                      .was = R"(clinic["c1"])",
                      .is = std::nullopt};
  AppendLookup(out_, lookup);
  AppendLookup(out_, {.seq = 4, .bucket = "clinic", .key_json = {}, .was = {}, .is = {}});
  EXPECT_EQ(
      Line(),
      R"({"k":"lookup","seq":3,"bucket":"clinic","key":{"user_id":"u1"},"was":"clinic[\"c1\"]","is":null})"
      "\n"
      R"({"k":"lookup","seq":4,"bucket":"clinic","key":null,"was":null,"is":null})"
      "\n");
}

}  // namespace phisync
