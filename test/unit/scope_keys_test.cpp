// Codes under a key, checked against values that Python's hmac and hashlib gave.
#include "core/scope_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "core/bytes.h"
#include "core/error.h"

namespace phisync {
namespace {

Secret Master() {
  return ParseMasterKey("000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n");
}

std::string Pseudonym(ScopeKeys& keys, Kind kind, std::string_view canonical) {
  unsigned char digest[HmacKey::kDigestBytes];
  keys.Pseudonym(kind, canonical, digest);
  ByteBuffer out;
  AppendBase32(out, digest);
  return std::string(out.view());
}

TEST(ScopeKeys, KnownPseudonyms) {
  ScopeKeys a(Master(), "study_a");
  ScopeKeys b(Master(), "study_b");
  EXPECT_EQ(Pseudonym(a, Kind::kSsn, "123456789"), "47GPAMZXK6AEB2EYFP6VEUV4WQ");
  EXPECT_EQ(Pseudonym(b, Kind::kSsn, "123456789"), "XH6UM2SHPXGYI22KVZAVCJAXCQ");
  EXPECT_EQ(Pseudonym(a, Kind::kMrn, "123456789"), "ZNEOF2XCQBZ3N66L7N6LQYNZK4");
  EXPECT_EQ(Pseudonym(a, Kind::kName, "Ådéle"), "BWZ4DTRYPYOK2U3BDCYFDHNYZE");
  EXPECT_EQ(Pseudonym(a, Kind::kCode, ""), "55QJLENAZOUXQQAJSMCJIX3CSQ");
  // The context is as good the second time.
  EXPECT_EQ(Pseudonym(a, Kind::kSsn, "123456789"), "47GPAMZXK6AEB2EYFP6VEUV4WQ");
}

TEST(ScopeKeys, KnownAddressOfASurrogate) {
  ScopeKeys a(Master(), "study_a");
  unsigned char digest[HmacKey::kDigestBytes];
  a.SurrogateAddress(Kind::kMrn, "A1", digest);
  ByteBuffer out;
  AppendHex(out, {reinterpret_cast<const char*>(digest), sizeof(digest)});
  EXPECT_EQ(out.view(), "04f0327fccf84dfffeab3730d355cf521dfb96aa157f35ac8a9103ff5c546c57");
}

TEST(ScopeKeys, KnownShifts) {
  ScopeKeys a(Master(), "study_a");
  const int expected[] = {-28, -4, 5, 20, 28, -9, 19, 24};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(a.ShiftDays("p" + std::to_string(i), 30), expected[i]);
  EXPECT_EQ(a.ShiftDays("p1", 365), -199);
  EXPECT_EQ(ScopeKeys(Master(), "study_b").ShiftDays("p1", 30), -17);
}

TEST(ScopeKeys, ShiftsAreUniformAndNeverNone) {
  ScopeKeys keys(Master(), "s");
  constexpr int kLimit = 5;
  constexpr int kSubjects = 20'000;
  std::map<int, int> counts;
  for (int i = 0; i < kSubjects; ++i) ++counts[keys.ShiftDays(std::to_string(i), kLimit)];
  EXPECT_EQ(counts.size(), 2U * kLimit);
  EXPECT_EQ(counts.count(0), 0U);
  EXPECT_EQ(counts.begin()->first, -kLimit);
  EXPECT_EQ(counts.rbegin()->first, kLimit);
  // Ten outcomes of 2,000 each; a deviation of six standard deviations is a bug.
  for (const auto& [days, count] : counts) EXPECT_NEAR(count, 2000, 6 * 43) << days;
}

TEST(ScopeKeys, PseudonymsTellValuesApart) {
  ScopeKeys keys(Master(), "s");
  std::set<std::string> seen;
  int first_bits = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string code = Pseudonym(keys, Kind::kMrn, std::to_string(i));
    ASSERT_EQ(code.size(), 26U);
    ASSERT_EQ(code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), std::string::npos);
    ASSERT_TRUE(seen.insert(code).second);
    first_bits += code[0] >= 'Q' || code[0] <= '7' ? 1 : 0;
  }
  EXPECT_NEAR(first_bits, 10'000, 6 * 71);
  // The kind and the value do not run into one another.
  EXPECT_NE(Pseudonym(keys, Kind::kIp, "p"), Pseudonym(keys, Kind::kIp, ""));
}

TEST(ScopeKeys, CanonicalValues) {
  const auto canonical = [](Kind kind, std::string_view text) {
    ByteBuffer out;
    out.Append("before");
    return std::string(AppendCanonical(out, kind, text));
  };
  EXPECT_EQ(canonical(Kind::kSsn, " 123-45-6789 "), "123456789");
  EXPECT_EQ(canonical(Kind::kPhone, "(212) 555-0100"), "2125550100");
  EXPECT_EQ(canonical(Kind::kFax, "n/a"), "n/a");
  EXPECT_EQ(canonical(Kind::kFax, ""), "");
  EXPECT_EQ(canonical(Kind::kEmail, "\tAnn.Ö@Example.ORG\n"), "ann.Ö@example.org");
  EXPECT_EQ(canonical(Kind::kMrn, " A-1 "), "A-1");
  EXPECT_EQ(canonical(Kind::kName, "  "), "");
}

TEST(ScopeKeys, KindsByTheirNames) {
  EXPECT_EQ(ParseKind("ssn"), Kind::kSsn);
  EXPECT_EQ(ParseKind("phi:name.given"), Kind::kName);
  EXPECT_EQ(KindName(Kind::kName), "name");
  EXPECT_EQ(KindName(Kind::kDate), "date");
  try {
    ParseKind("snn");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.sqlstate(), "22023");
    EXPECT_EQ(e.hint(), "Did you mean \"ssn\"?");
    // It may be a value in the wrong place.
    EXPECT_EQ(e.message().find("snn"), std::string::npos);
  }
  EXPECT_THROW(ParseKind("none"), Error);
  EXPECT_THROW(ScopeKeys(Master(), "Study A"), Error);
  EXPECT_THROW(ScopeKeys(Master(), ""), Error);
}

TEST(Secret, KeysThatAreNone) {
  const std::string digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
  EXPECT_NO_THROW(ParseMasterKey(digits));
  EXPECT_NO_THROW(ParseMasterKey(digits + "\r\n"));
  for (const std::string& text : {std::string(), digits.substr(1), digits + "0", digits + "\n\n",
                                  " " + digits, std::string(64, 'x'), std::string(64, '0'),
                                  std::string(64, 'f'), digits.substr(0, 63) + "g"}) {
    try {
      ParseMasterKey(text);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "55000");
      EXPECT_EQ(std::string(e.message() + e.detail() + e.hint()).find("0001020304"),
                std::string::npos);
    }
  }
}

TEST(Base32, IsThatOfRfc4648) {
  ByteBuffer out;
  AppendBase32(out, reinterpret_cast<const unsigned char*>("foobarfoobarfoob"));
  EXPECT_EQ(out.view(), "MZXW6YTBOJTG633CMFZGM33PMI");
}

}  // namespace
}  // namespace phisync
