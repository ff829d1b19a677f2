#include "core/transform.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/error.h"

namespace phisync {
namespace {

std::string Canonical(std::string_view text) {
  return Format(ParseTransform(text));
}

TEST(Transform, CanonicalTexts) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"keep", "keep"},
      {" keep ( ) ", "keep"},
      {"redact", "redact"},
      {"redact([REDACTED])", "redact"},
      {"redact(hidden)", "redact(hidden)"},
      {"redact(\"not for you\")", "redact(\"not for you\")"},
      {"redact(text=\"a\"\"b\")", "redact(\"a\"\"b\")"},
      {"redact(\"\")", "redact(\"\")"},
      {"partial(1,2)", "partial(1,2)"},
      {"partial( 1 , 2 , * )", "partial(1,2)"},
      {"partial(suffix=4,prefix=0)", "partial(0,4)"},
      {"partial(0,4,\"•\")", "partial(0,4,•)"},
      {"partial(0,4,\",\")", "partial(0,4,\",\")"},
      {"email", "email"},
      {"email(keep_domain=no)", "email"},
      {"email(yes)", "email(keep_domain=yes)"},
      {"date_shift(30)", "date_shift(30)"},
      {"date_shift(days=30,scope=study_a)", "date_shift(30,study_a)"},
      {"bucket(10)", "bucket(10)"},
      {"bucket(0010.50)", "bucket(10.5)"},
      {"bucket(.5)", "bucket(0.5)"},
      {"latlon", "latlon"},
      {"latlon(0.10)", "latlon"},
      {"latlon(0.01)", "latlon(0.01)"},
      {"ip", "ip"},
      {"ip(24,48)", "ip"},
      {"ip(/24,/32)", "ip(v6=32)"},
      {"ip(16)", "ip(v4=16)"},
      {"ip(v6=32)", "ip(v6=32)"},
      {"pseudonym", "pseudonym"},
      {"pseudonym(study_a)", "pseudonym(study_a)"},
      {"surrogate(scope=study_a)", "surrogate(study_a)"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(Transform, CanonicalTextsReadBack) {
  for (const TransformFacts& facts : Transforms()) {
    for (const char* const arguments :
         {"", "(1,2)", "(1)", "(\"a b\")", "(7,x)", "(yes)", "(1,2,\"=\")", "(v6=1)", "(0.5)"}) {
      const std::string text = std::string(facts.name) + arguments;
      Transform transform;
      try {
        transform = ParseTransform(text);
      } catch (const Error&) {
        continue;
      }
      EXPECT_EQ(transform.op, facts.op);
      EXPECT_EQ(ParseTransform(Format(transform)), transform) << text;
    }
  }
}

TEST(Transform, RefusalsSayWhereAndWhatWasMeant) {
  struct Case {
    const char* text;
    const char* message;
    const char* detail;
    const char* hint;
  };
  const Case cases[] = {
      {"", "unknown transformation \"\"", "At position 1 of", "are: keep, drop"},
      {"pseudonim(a)", "unknown transformation \"pseudonim\"", "At position 1 of",
       "Did you mean \"pseudonym\"?"},
      {"date-shift(30)", "unknown transformation", "position 1", "\"date_shift\""},
      {"Keep", "unknown transformation", "position 1", "\"keep\""},
      {"partial", "transformation lacks \"prefix\"", "position 8", "partial(prefix,suffix,fill)"},
      {"partial(1)", "transformation lacks \"suffix\"", "position 11", "partial("},
      {"partial(1,2", "unclosed arguments", "position 12", "partial("},
      {"partial(1,,2)", "empty argument", "position 11", "partial("},
      {"partial(1,2,**)", "\"fill\" is not one character", "position 13", "partial("},
      {"partial(1,2,\"\")", "\"fill\" is not one character", "position", "partial("},
      {"partial(-1,2)", "\"prefix\" is not a whole number from 0 to 64", "position 9", "partial("},
      {"partial(1,65)", "\"suffix\" is not a whole number from 0 to 64", "position 11", "partial("},
      {"partial(1,2,*,4)", "too many arguments", "position 15", "partial("},
      {"partial(prefix=1,2)", "argument without a name after one with a name", "position 18", ""},
      {"partial(1,prefix=2)", "repeated argument \"prefix\"", "position", ""},
      {"partial(1,sufix=2)", "unknown parameter \"sufix\"", "position 11", "\"suffix\""},
      {"keep(1)", "too many arguments", "position 6", "Write it as keep."},
      {"keep drop", "unexpected text", "position 6", "keep"},
      {"email(maybe)", "\"keep_domain\" is neither yes nor no", "position 7", "email("},
      {"date_shift", "transformation lacks \"days\"", "position 11", "date_shift("},
      {"date_shift(0)", "\"days\" is not a whole number from 1 to 3650", "position 12", ""},
      {"date_shift(99999999999)", "\"days\" is not a whole number", "position 12", ""},
      {"bucket(0)", "\"step\" is not a number above 0", "position 8", "bucket(step)"},
      {"bucket(-5)", "\"step\" is not a number above 0", "position 8", ""},
      {"bucket(1e3)", "\"step\" is not a number above 0", "position 8", ""},
      {"bucket(5.)", "\"step\" is not a number above 0", "position 8", ""},
      {"bucket(1234567890123456789)", "of at most 18 digits", "position 8", ""},
      {"ip(33)", "\"v4\" is not a whole number from 0 to 32", "position 4", ""},
      {"ip(24,129)", "\"v6\" is not a whole number from 0 to 128", "position 7", ""},
      {"pseudonym(Study)", "\"scope\" is not 1 to 63", "position 11", ""},
      {"pseudonym(\"a b\")", "\"scope\" is not 1 to 63", "position", ""},
      {"redact(\"abc", "unterminated text", "position", ""},
      {"redact(\"\t\")", "control characters", "position", ""},
  };
  for (const Case& c : cases) {
    try {
      ParseTransform(c.text);
      ADD_FAILURE() << c.text << " was accepted";
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "22023");
      EXPECT_NE(e.message().find(c.message), std::string::npos) << c.text << ": " << e.message();
      EXPECT_NE(e.detail().find(c.detail), std::string::npos) << c.text << ": " << e.detail();
      EXPECT_NE(e.hint().find(c.hint), std::string::npos) << c.text << ": " << e.hint();
    }
  }
  EXPECT_THROW(ParseTransform(std::string(256, 'x')), Error);
}

TEST(Transform, FactsStandInTheOrderOfTheirOperations) {
  std::size_t i = 0;
  std::set<std::string_view> names;
  for (const TransformFacts& facts : Transforms()) {
    EXPECT_EQ(static_cast<std::size_t>(facts.op), i++);
    EXPECT_TRUE(names.insert(facts.name).second);
    EXPECT_TRUE(facts.usage.starts_with(facts.name));
    EXPECT_NE(facts.types, 0);
  }
  EXPECT_EQ(i, static_cast<std::size_t>(Op::kLatLon) + 1);
}

TEST(Transform, OnlyTheseFitKeys) {
  std::set<std::string_view> fitting;
  for (const TransformFacts& facts : Transforms()) {
    if (facts.fits_keys()) fitting.insert(facts.name);
  }
  EXPECT_EQ(fitting, (std::set<std::string_view>{"keep", "pseudonym", "surrogate"}));
}

TEST(Transform, TypesThatItIsNotFor) {
  const auto fits = [](const char* text, ValueType type) {
    try {
      CheckFits(ParseTransform(text), type);
      return true;
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "42804");
      return false;
    }
  };
  for (int i = 0; i < kValueTypes; ++i) {
    for (const char* const any : {"keep", "drop", "null"}) {
      EXPECT_TRUE(fits(any, static_cast<ValueType>(i)));
    }
  }
  EXPECT_FALSE(fits("redact", ValueType::kOther));
  EXPECT_FALSE(fits("redact(x)", ValueType::kInteger));
  EXPECT_FALSE(fits("partial(1,1)", ValueType::kJson));
  EXPECT_FALSE(fits("date_year", ValueType::kText));
  EXPECT_TRUE(fits("bucket(0.5)", ValueType::kNumeric));
  EXPECT_FALSE(fits("bucket(0.5)", ValueType::kInteger));
  EXPECT_FALSE(fits("bucket(0.5)", ValueType::kDate));
  EXPECT_FALSE(fits("pseudonym", ValueType::kBytea));
}

TEST(Transform, CommitTimeIsForWhatMayBeABirth) {
  const Transform year = ParseTransform("date_year");
  EXPECT_TRUE(NeedsCommitTime(year, FindClass("date.birth")));
  EXPECT_TRUE(NeedsCommitTime(year, FindClass("date")));
  EXPECT_FALSE(NeedsCommitTime(year, FindClass("date.admit")));
  EXPECT_FALSE(NeedsCommitTime(ParseTransform("keep"), FindClass("date.birth")));
}

}  // namespace
}  // namespace phisync
