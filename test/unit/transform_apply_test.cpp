#include "core/transform_apply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/utf8.h"
#include "mask_fixture.h"

namespace phisync {
namespace {

using calendar::DayNumber;

TEST(TransformApply, TheSimpleOnes) {
  EXPECT_EQ(Text("keep", "Ann"), "Ann");
  EXPECT_EQ(Text("drop", "Ann"), "absent");
  EXPECT_EQ(Text("null", "Ann"), "null");
  EXPECT_EQ(Text("redact", "Ann"), "[REDACTED]");
  EXPECT_EQ(Text("redact(\"-\")", ""), "-");
  EXPECT_EQ(Decimal("redact", "1.5"), "0");
  EXPECT_EQ(Number("redact", ValueType::kInteger, 17), "0");
  EXPECT_EQ(Number("redact", ValueType::kBool, 1), "0");
  EXPECT_EQ(Number("redact", ValueType::kDate, 17), "1970-01-01");
  EXPECT_EQ(Number("redact", ValueType::kTimestamptz, 17), "1970-01-01T00:00:00.000000Z");
  Fixture f;
  EXPECT_EQ(Show(f.Of("redact", ValueType::kJson)
                     .Apply({ValueType::kJson, 0, "{\"a\":1}"}, f.context, f.out)),
            "null");
  EXPECT_EQ(f.Of("drop", ValueType::kText).OfNull(), Outcome::kAbsent);
  EXPECT_EQ(f.Of("redact", ValueType::kText).OfNull(), Outcome::kNull);
  EXPECT_EQ(f.Of("keep", ValueType::kText).OfNull(), Outcome::kNull);
}

TEST(TransformApply, Partial) {
  EXPECT_EQ(Text("partial(1,2)", "123456789"), "1******89");
  EXPECT_EQ(Text("partial(0,4)", "123456789"), "*****6789");
  EXPECT_EQ(Text("partial(0,4)", "1234567"), "***4567");
  EXPECT_EQ(Text("partial(0,4)", "123456"), "******");
  EXPECT_EQ(Text("partial(0,4)", "1"), "*");
  EXPECT_EQ(Text("partial(0,4)", ""), "");
  EXPECT_EQ(Text("partial(0,0)", "abc"), "***");
  EXPECT_EQ(Text("partial(1,1,•)", "Zoë Ångström"), "Z••••••••••m");
  EXPECT_EQ(Text("partial(1,1)", "日本語の名"), "日***名");
  EXPECT_EQ(Text("partial(64,64)", std::string(131, 'a')),
            std::string(64, 'a') + "***" + std::string(64, 'a'));
  EXPECT_EQ(Text("partial(1,1)", "\xff\xfe\xfd\xfc\xfb"), "\xff***\xfb");
  EXPECT_EQ(Text("partial(1,1)", "a\xe3\x81"), "**");
}

TEST(TransformApply, PartialNeverShowsMoreThanItSays) {
  std::mt19937 random(11);
  for (int i = 0; i < 5000; ++i) {
    const int prefix = static_cast<int>(random() % 6);
    const int suffix = static_cast<int>(random() % 6);
    std::string text;
    for (std::size_t n = random() % 24; n > 0; --n) {
      text += random() % 3 == 0 ? std::string("é") : std::string(1, static_cast<char>('a' + n));
    }
    const std::string transform =
        "partial(" + std::to_string(prefix) + "," + std::to_string(suffix) + ")";
    const std::string masked = Text(transform.c_str(), text);
    ASSERT_EQ(CodePoints(masked), CodePoints(text));
    const auto hidden = static_cast<std::size_t>(std::count(masked.begin(), masked.end(), '*'));
    ASSERT_GE(hidden, std::min<std::size_t>(3, CodePoints(text)));
    ASSERT_LE(CodePoints(text) - hidden, static_cast<std::size_t>(prefix + suffix));
    ASSERT_EQ(Text(transform.c_str(), masked), masked);
  }
}

TEST(TransformApply, Email) {
  EXPECT_EQ(Text("email", "ann@example.org"), "xxxxx@redacted.invalid");
  EXPECT_EQ(Text("email(yes)", " ann.smith+x@mail.example.org "), "xxxxx@mail.example.org");
  EXPECT_EQ(Text("email(yes)", "ann@münchen.example"), "xxxxx@münchen.example");
  for (const char* const bad :
       {"", "@", "ann", "ann@", "@example.org", "ann@example", "a@b@example.org",
        "ann@example..org", "ann smith@example.org", "Ann <ann@example.org>", "ann@[192.0.2.1]",
        "ann@192.0.2.1", "ann@example.org/x", "ann@example.org bob@example.org", "a\nb@example.org",
        "ann@-example.org", "ann@.org"}) {
    EXPECT_EQ(Text("email(yes)", bad), "[REDACTED]") << bad;
  }
  EXPECT_EQ(Text("email(yes)", std::string(65, 'a') + "@example.org"), "[REDACTED]");
}

TEST(TransformApply, Zip3) {
  EXPECT_EQ(Text("zip3", "02139"), "021");
  EXPECT_EQ(Text("zip3", " 02139-4307 "), "021");
  EXPECT_EQ(Text("zip3", "021394307"), "021");
  EXPECT_EQ(Text("zip3", "02139 4307"), "021");
  EXPECT_EQ(Text("zip3", "10001"), "100");
  for (const RestrictedZip& zip : kRestrictedZips) {
    const std::string prefix = std::to_string(1000 + zip.zip3).substr(1);
    EXPECT_EQ(Text("zip3", prefix + "01"), "000") << prefix;
  }
  for (const char* const bad : {"", "0213", "021391", "02139430", "0213943077", "SW1A 1AA",
                                "D-12345", "K1A 0B1", "MA 02139", "١٢٣٤٥", "02139.4307"}) {
    EXPECT_EQ(Text("zip3", bad), "null") << bad;
  }
  EXPECT_EQ(Number("zip3", ValueType::kInteger, 2139), "21");
  EXPECT_EQ(Number("zip3", ValueType::kInteger, 10001), "100");
  EXPECT_EQ(Number("zip3", ValueType::kInteger, 501), "5");
  EXPECT_EQ(Number("zip3", ValueType::kInteger, 3601), "0");
  EXPECT_EQ(Number("zip3", ValueType::kInteger, 100014307), "100");
  for (const std::int64_t bad : {0LL, -2139LL, 500LL, 100001LL, 21394307LL, 1000000000LL}) {
    EXPECT_EQ(Number("zip3", ValueType::kInteger, bad), "null") << bad;
  }
}

TEST(TransformApply, RestrictedZipsOfBothCensuses) {
  EXPECT_EQ(BuiltInRestrictedZips().count(), 23U);
  Fixture f;
  ZipPrefixes none;
  EXPECT_THROW(Mask(ParseTransform("zip3"), FindClass("geo.zip"), ValueType::kText,
                    {nullptr, &none, nullptr, {}}),
               Error);
  EXPECT_THROW(Mask(ParseTransform("zip3"), FindClass("geo.zip"), ValueType::kText, {}), Error);
}

TEST(TransformApply, Age90) {
  EXPECT_EQ(Number("age90", ValueType::kInteger, 89), "89");
  EXPECT_EQ(Number("age90", ValueType::kInteger, 90), "90 90+");
  EXPECT_EQ(Number("age90", ValueType::kInteger, 117), "90 90+");
  EXPECT_EQ(Number("age90", ValueType::kInteger, 0), "0");
  EXPECT_EQ(Number("age90", ValueType::kInteger, -1), "-1");
  EXPECT_EQ(Decimal("age90", "89.999"), "89.999");
  EXPECT_EQ(Decimal("age90", "90"), "90 90+");
  EXPECT_EQ(Decimal("age90", "90.0"), "90 90+");
  EXPECT_EQ(Decimal("age90", "099.5"), "90 90+");
  EXPECT_EQ(Decimal("age90", "101"), "90 90+");
  EXPECT_EQ(Decimal("age90", "9.5"), "9.5");
  EXPECT_EQ(Decimal("age90", "-95"), "-95");
  EXPECT_EQ(Decimal("age90", "1e2"), "90 90+");
  EXPECT_EQ(Decimal("age90", "NaN"), "null");
  EXPECT_EQ(Decimal("age90", "Infinity"), "null");
}

TEST(TransformApply, Bucket) {
  EXPECT_EQ(Number("bucket(5)", ValueType::kInteger, 44), "40");
  EXPECT_EQ(Number("bucket(5)", ValueType::kInteger, -1), "-5");
  EXPECT_EQ(Number("bucket(1000)", ValueType::kInteger, INT64_MIN), "null");
  EXPECT_EQ(Decimal("bucket(0.5)", "36.75"), "36.5");
  EXPECT_EQ(Decimal("bucket(10)", "NaN"), "null");
  EXPECT_EQ(Number("bucket(7)", ValueType::kDate, DayNumber(2024, 2, 29)), "2024-02-26");
  EXPECT_EQ(Number("bucket(7)", ValueType::kDate, DayNumber(2024, 2, 26)), "2024-02-26");
  EXPECT_EQ(Number("bucket(7)", ValueType::kDate, DayNumber(1969, 7, 20)), "1969-07-14");
  EXPECT_EQ(Number("bucket(7)", ValueType::kTimestamp, -1), "1999-12-27T00:00:00.000000");
  EXPECT_EQ(Number("bucket(7)", ValueType::kDate, kDateInfinity), "infinity");
  EXPECT_EQ(Number("bucket(999999999999999999)", ValueType::kDate, -5), "null");
}

TEST(TransformApply, PseudonymsJoinAcrossTypesAndForms) {
  EXPECT_EQ(Text("pseudonym", "123-45-6789", "ssn"), "47GPAMZXK6AEB2EYFP6VEUV4WQ");
  EXPECT_EQ(Number("pseudonym", ValueType::kInteger, 123456789, "ssn"),
            "47GPAMZXK6AEB2EYFP6VEUV4WQ");
  EXPECT_EQ(Text("pseudonym", " 123456789", "mrn"), "ZNEOF2XCQBZ3N66L7N6LQYNZK4");
  EXPECT_EQ(Text("pseudonym", "Ådéle", "name.given"), Text("pseudonym", "Ådéle ", "name.full"));
  EXPECT_EQ(Text("pseudonym", "", "code"), "55QJLENAZOUXQQAJSMCJIX3CSQ");
  Fixture f;
  EXPECT_EQ(f.Of("pseudonym", ValueType::kInteger).result_type(), ValueType::kText);
  EXPECT_EQ(f.Of("keep", ValueType::kInteger).result_type(), ValueType::kInteger);
}

TEST(TransformApply, SurrogatesAreLookedUp) {
  Fixture f;
  unsigned char address[HmacKey::kDigestBytes];
  f.keys.SurrogateAddress(Kind::kMrn, "A1", address);
  f.surrogates.codes["study_a/mrn/" + std::string(reinterpret_cast<char*>(address), 32)] = "CODE";
  const Mask mask = f.Of("surrogate(study_a)", ValueType::kText, "mrn");
  EXPECT_EQ(Show(mask.Apply({ValueType::kText, 0, " A1"}, f.context, f.out)), "CODE");
  EXPECT_EQ(Show(mask.Apply({ValueType::kText, 0, "A2"}, f.context, f.out)), "null");
}

TEST(TransformApply, WhatIsMissingIsRefused) {
  for (const char* const keyed : {"pseudonym", "surrogate", "date_shift(3)"}) {
    try {
      const Transform transform = ParseTransform(keyed);
      const ValueType type = transform.op == Op::kDateShift ? ValueType::kDate : ValueType::kText;
      Mask(transform, FindClass("mrn"), type, {});
      ADD_FAILURE() << keyed;
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "55000");
    }
  }
  Fixture f;
  EXPECT_THROW(Mask(ParseTransform("surrogate"), FindClass("mrn"), ValueType::kText,
                    {&f.keys, nullptr, nullptr, "study_a"}),
               Error);
  EXPECT_THROW(f.Of("email", ValueType::kInteger), Error);
}

TEST(TransformApply, Networks) {
  EXPECT_EQ(Text("ip", "192.0.2.77"), "192.0.2.0/24");
  EXPECT_EQ(Text("ip", " 192.0.2.77/28 "), "192.0.2.0/24");
  EXPECT_EQ(Text("ip", "10.20.30.40/8"), "10.0.0.0/8");
  EXPECT_EQ(Text("ip(v4=0)", "192.0.2.77"), "0.0.0.0/0");
  EXPECT_EQ(Text("ip(v4=32)", "192.0.2.77"), "192.0.2.77");
  EXPECT_EQ(Text("ip(v4=9)", "10.255.30.40"), "10.128.0.0/9");
  EXPECT_EQ(Text("ip", "2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
  EXPECT_EQ(Text("ip", "2001:DB8::1"), "2001:db8::/48");
  EXPECT_EQ(Text("ip", "::1"), "::/48");
  EXPECT_EQ(Text("ip(v6=128)", "1:0:0:2:0:0:0:3"), "1:0:0:2::3");
  EXPECT_EQ(Text("ip(v6=128)", "0:0:1::"), "0:0:1::");
  EXPECT_EQ(Text("ip(v6=128)", "1:2:3:4:5:6:0:8"), "1:2:3:4:5:6:0:8");
  EXPECT_EQ(Text("ip(v6=52)", "fe80:0:1:ffff::1/64"), "fe80:0:1:f000::/52");
  // An IPv4 address inside shows no more of itself than one outside.
  EXPECT_EQ(Text("ip(v6=128)", "::ffff:192.0.2.77"), "::ffff:c000:200/120");
  EXPECT_EQ(Text("ip", "2002:c000:24d::1"), "2002:c000:200::/40");
  EXPECT_EQ(Text("ip(v6=128)", "64:ff9b::192.0.2.77"), "64:ff9b::c000:200/120");
  for (const char* const bad : {"",
                                "localhost",
                                "192.0.2",
                                "192.0.2.256",
                                "192.0.2.1.5",
                                "192.0.2.01",
                                "192.0.2.1/33",
                                "192.0.2.1/",
                                "1::2::3",
                                ":1",
                                "1:",
                                ":",
                                ":::",
                                "1:2:3:4:5:6:7",
                                "1:2:3:4:5:6:7:8:9",
                                "1:2:3:4:5:6:7::8:9",
                                "fe80::1%eth0",
                                "12345::",
                                "::1.2.3",
                                "1.2.3.4::",
                                "-1.2.3.4",
                                "1:2:3:4:5:6:7:1.2.3.4",
                                "g::"}) {
    EXPECT_EQ(Text("ip", bad), "[REDACTED]") << bad;
  }
}

TEST(TransformApply, Hosts) {
  EXPECT_EQ(Text("url", "https://Portal.Example.org/patient/17?ssn=1#x"), "portal.example.org");
  EXPECT_EQ(Text("url", "ftp://ann:secret@files.example.org:2121/a"), "files.example.org");
  EXPECT_EQ(Text("url", "https://example.org"), "example.org");
  EXPECT_EQ(Text("url", " https://example.org. "), "example.org");
  EXPECT_EQ(Text("url", "https://example.org?q=ann"), "example.org");
  EXPECT_EQ(Text("url", "https://example.org/a@b"), "example.org");
  for (const char* const bad :
       {"", "example.org/patient/17", "mailto:ann@example.org", "https:///x", "https://", "://x",
        "https://192.0.2.1/", "https://0x7f000001/", "https://[2001:db8::1]/", "https://3221226061",
        "https://a@b@example.org/", "https://exa mple.org/", "https://example.org\\@evil.org/",
        "https://exam%70le.org/", "javascript:alert(1)", "https://example..org", "1://x.org",
        "data:text/plain,ann", "https://example.org:8o/"}) {
    EXPECT_EQ(Text("url", bad), "[REDACTED]") << bad;
  }
}

TEST(TransformApply, Places) {
  EXPECT_EQ(Decimal("latlon", "40.7128"), "40.7");
  EXPECT_EQ(Decimal("latlon", "-74.006"), "-74.1");
  EXPECT_EQ(Decimal("latlon(0.5)", "-180"), "-180.0");
  EXPECT_EQ(Decimal("latlon", "180.1"), "null");
  EXPECT_EQ(Decimal("latlon", "NaN"), "null");
  EXPECT_EQ(Decimal("latlon", "1e-320"), "0.0");
  EXPECT_EQ(Text("latlon", "40.7128,-74.0060"), "40.7,-74.1");
  EXPECT_EQ(Text("latlon", "( 40.7128 , -74.0060 )"), "(40.7,-74.1)");
  EXPECT_EQ(Text("latlon", "40.7128 -74.0060"), "40.7,-74.1");
  EXPECT_EQ(Text("latlon", "40.7128"), "40.7");
  for (const char* const bad : {"", "()", "40.7,", "north", "40.7,-74.0,12", "40.7128N", "40.7,200",
                                "(40.7", "inf", "0x10"}) {
    EXPECT_EQ(Text("latlon", bad), "[REDACTED]") << bad;
  }
}

// Whatever comes in, nothing of it but what the transformation allows comes out, and no error.
TEST(TransformApply, RandomBytesGiveNothingAway) {
  std::mt19937_64 random(17);
  Fixture f;
  std::vector<Mask> masks;
  for (const char* const text : {"redact", "email", "zip3", "pseudonym", "ip", "url", "latlon"}) {
    masks.push_back(f.Of(text, ValueType::kText, "freetext"));
  }
  const std::string alphabet = "0123456789.:/@-, ()[]%abcXYZ\xc3\xa9\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 40; n > 0; --n) text += alphabet[random() % alphabet.size()];
    for (const Mask& mask : masks) {
      f.out.Clear();
      const Masked masked = mask.Apply({ValueType::kText, 0, text}, f.context, f.out);
      if (masked.outcome == Outcome::kNull) continue;
      ASSERT_EQ(masked.outcome, Outcome::kValue);
      ASSERT_LE(masked.value.text.size(), 300U);
      const Masked again = mask.Apply({ValueType::kText, 0, text}, f.context, f.out);
      ASSERT_EQ(again.outcome, Outcome::kValue);
    }
  }
}

}  // namespace
}  // namespace phisync
