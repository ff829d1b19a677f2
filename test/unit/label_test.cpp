#include "core/label.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/suggest.h"

namespace phisync {
namespace {

Error Refusal(ColumnLabel (*parse)(std::string_view), std::string_view text) {
  try {
    parse(text);
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "accepted: " << text;
  return Error("00000", "");
}

Error TableRefusal(TableLabel (*parse)(std::string_view), std::string_view text) {
  try {
    parse(text);
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "accepted: " << text;
  return Error("00000", "");
}

TEST(ColumnLabel, EveryClassReadsBack) {
  EXPECT_EQ(ParseColumnLabel("none").tag_class, kClassNone);
  for (ClassId id = 1; id < TagClasses().size(); ++id) {
    EXPECT_EQ(ParseColumnLabel(ClassText(id)).tag_class, id);
    EXPECT_EQ(FindClass(TagClasses()[id].text), id);
  }
}

TEST(ColumnLabel, AllKeys) {
  const ColumnLabel label = ParseColumnLabel(
      "phi:clinical.dx;conf=V;sens=HIV,MH;part2=yes;quasi=yes;subject=patient;of=patient_id;"
      "x=date_shift( days = 30 );policy=drop");
  EXPECT_EQ(ClassText(label.tag_class), "phi:clinical.dx");
  EXPECT_EQ(label.conf, Confidentiality::kVeryRestricted);
  EXPECT_TRUE(label.part2);
  EXPECT_TRUE(label.quasi);
  EXPECT_EQ(label.subject, "patient");
  EXPECT_EQ(label.of, "patient_id");
  EXPECT_EQ(label.transform, "date_shift(30)");
  EXPECT_TRUE(label.drop);
}

TEST(ColumnLabel, OrderAndBlanksDoNotMatter) {
  EXPECT_EQ(Format(ParseColumnLabel(" subject ; phi:mrn ;sens = MH , HIV")),
            "phi:mrn;sens=HIV,MH;subject");
  EXPECT_EQ(Format(ParseColumnLabel("phi:mrn;x=partial( 1 , 2 , . )")), "phi:mrn;x=partial(1,2,.)");
  EXPECT_EQ(Format(ParseColumnLabel("phi:ip;x=ip(/16,/48)")), "phi:ip;x=ip(v4=16)");
  EXPECT_EQ(Format(ParseColumnLabel("phi:ip;x=null()")), "phi:ip;x=null");
}

TEST(ColumnLabel, ConfidentialityDefaults) {
  EXPECT_EQ(ParseColumnLabel("phi:ssn").conf, Confidentiality::kNormal);
  EXPECT_EQ(ParseColumnLabel("phi:clinical;sens=HIV").conf, Confidentiality::kRestricted);
  EXPECT_EQ(Format(ParseColumnLabel("phi:clinical;conf=R;sens=HIV")), "phi:clinical;sens=HIV");
  EXPECT_EQ(Format(ParseColumnLabel("phi:clinical;conf=N;sens=HIV")),
            "phi:clinical;conf=N;sens=HIV");
  EXPECT_EQ(Format(ParseColumnLabel("phi:ssn;conf=N")), "phi:ssn");
}

TEST(ColumnLabel, ColumnNamesAsInSql) {
  EXPECT_EQ(ParseColumnLabel("phi:ssn;of=Patient_ID").of, "patient_id");
  EXPECT_EQ(ParseColumnLabel("phi:ssn;of=\"Patient;\"\"ID\"").of, "Patient;\"ID");
  EXPECT_EQ(Format(ParseColumnLabel("phi:ssn;of=\"Patient;\"\"ID\"")),
            "phi:ssn;of=\"Patient;\"\"ID\"");
  EXPECT_EQ(ParseColumnLabel("phi:ssn;of=größe").of, "größe");
}

struct Bad {
  const char* text;
  const char* message;
  const char* position;
  const char* hint;
};

TEST(ColumnLabel, SaysWhatIsWrongWhereAndWhatWasMeant) {
  const Bad cases[] = {
      {"phi:snn", "unknown tag \"phi:snn\"", "At position 5 of", "Did you mean \"phi:ssn\"?"},
      {"phi:zip", "unknown tag \"phi:zip\"", "At position 5 of", "Did you mean \"phi:geo.zip\"?"},
      {"phi:dob", "unknown tag \"phi:dob\"", "At position 5 of",
       "Did you mean \"phi:date.birth\"?"},
      {"phi:date.birht", "unknown tag", "At position 5 of", "Did you mean \"phi:date.birth\"?"},
      {"phi:ssn.usa", "unknown tag", "At position 5 of", "Did you mean \"phi:ssn\"?"},
      {"phi:qqqqqqqqqqqqq", "unknown tag", "At position 5 of", "Kinds are: age, date, geo"},
      {"PHI:SSN", "unknown item", "At position 1 of", "Did you mean \"phi:ssn\"?"},
      {"pii:ssn", "unknown item", "At position 1 of", "Did you mean \"phi:ssn\"?"},
      {"ssn", "unknown item \"ssn\" in column label", "At position 1 of",
       "Did you mean \"phi:ssn\"?"},
      {"nome", "unknown item", "At position 1 of", "Did you mean \"none\"?"},
      {"phi", "column label needs a kind", "At position 1 of", "phi:name"},
      {"phi:", "unknown tag", "At position 5 of", "Kinds are"},
      {"", "empty item", "At position 1 of", "phi:ssn"},
      {"phi:ssn;", "empty item", "At position 9 of", "one semicolon"},
      {"phi:ssn;;subject", "empty item", "At position 9 of", "one semicolon"},
      {"subject", "column label has no class", "At position 1 of", "none;"},
      {"phi:ssn;none", "more than one class", "At position 9 of", "stricter"},
      {"phi:ssn;conf=X", "unknown value \"X\" for key \"conf\"", "At position 14 of",
       "Values of conf are: U, L, M, N, R, V."},
      {"phi:ssn;conf", "missing value for key \"conf\"", "At position 13 of", "conf=value"},
      {"phi:ssn;conf=N;conf=R", "repeated key \"conf\"", "At position 16 of", "once"},
      {"phi:ssn;sens=HIVE", "unknown sensitivity code \"HIVE\"", "At position 14 of",
       "Did you mean \"HIV\"?"},
      {"phi:ssn;sens=HIV,hiv", "unknown sensitivity code \"hiv\"", "At position 18 of", "\"HIV\""},
      {"phi:ssn;sujbect", "unknown item \"sujbect\"", "At position 9 of",
       "Did you mean \"subject\"?"},
      {"phi:ssn;x=pseudonim", "unknown transformation \"pseudonim\"", "At position 11 of",
       "Did you mean \"pseudonym\"?"},
      {"phi:ssn;x=partial(1,", "empty argument", "At position 21 of", "partial(prefix"},
      {"phi:ssn;x=partial(1", "unclosed arguments", "At position 20 of", "partial(prefix"},
      {"phi:ssn;of=\"a", "unterminated quoted", "At position 13 of", "double quotes"},
      {"phi:ssn;of=1a", "invalid column name", "At position 12 of", "double quotes"},
      {"phi:ssn subject", "unexpected text", "At position 9 of", "semicolon"},
      {"none;sens=HIV", "sensitivity on a column that is not PHI", "At position 1 of", "class"},
      {"none;conf=R", "sensitivity on a column that is not PHI", "At position 1 of", "conf"},
      {"none;policy=drop", "transformation of a column that is not", "At position 1 of", "policy"},
      {"none;policy=keep", "transformation of a column that is not", "At position 1 of", "policy"},
      {"none;x=drop", "transformation of a column that is not PHI", "At position 1 of", "leave x"},
      {"phi:ssn;x=null;policy=keep", "policy=keep together with another x=", "At position 1 of",
       "x=keep"},
      {"phi:ssn;policy=omit", "unknown value \"omit\" for key \"policy\"", "At position 16 of",
       "keep, drop"},
      {"phi:ssn;of=größe;x=oops", "unknown transformation", "At position 20 of", "are: keep"},
      {"phi:ssn;subject=Mum", "invalid value for key \"subject\"", "At position 17 of", "lower"},
  };
  for (const Bad& bad : cases) {
    const Error e = Refusal(ParseColumnLabel, bad.text);
    EXPECT_STREQ(e.sqlstate(), "22023") << bad.text;
    EXPECT_NE(e.message().find(bad.message), std::string::npos) << bad.text << ": " << e.message();
    EXPECT_NE(e.detail().find(bad.position), std::string::npos) << bad.text << ": " << e.detail();
    EXPECT_NE(e.hint().find(bad.hint), std::string::npos) << bad.text << ": " << e.hint();
  }
}

TEST(ColumnLabel, Length) {
  const std::string longest = "phi:ssn;of=" + std::string(kMaxLabelBytes - 11, 'a');
  EXPECT_EQ(Format(ParseColumnLabel(longest)), longest);
  EXPECT_EQ(Refusal(ParseColumnLabel, longest + "a").message(), "column label is too long");
}

TEST(TableLabel, AllKeys) {
  const TableLabel label = ParseTableLabel("phi;default=error;conf=R;aad=visit-v1;subject=Pat");
  EXPECT_TRUE(label.phi);
  EXPECT_EQ(label.unclassified, Unclassified::kError);
  EXPECT_EQ(label.conf, Confidentiality::kRestricted);
  EXPECT_EQ(label.aad, "visit-v1");
  EXPECT_EQ(label.subject, "pat");
  EXPECT_EQ(Format(label), "phi;default=error;conf=R;aad=visit-v1;subject=pat");
  EXPECT_FALSE(ParseTableLabel("none").phi);
  EXPECT_EQ(Format(ParseTableLabel("phi;default=omit")), "phi");
}

TEST(TableLabel, SensitivityOfAllRows) {
  const TableLabel label = ParseTableLabel("phi;part2=yes;sens=SUD,HIV");
  EXPECT_TRUE(label.part2);
  EXPECT_EQ(label.conf, Confidentiality::kRestricted);
  EXPECT_EQ(Format(label), "phi;sens=SUD,HIV;part2=yes");
  EXPECT_EQ(Format(ParseTableLabel("phi;conf=N;sens=VIP")), "phi;conf=N;sens=VIP");
  EXPECT_EQ(SensitivitiesOf(label.sens, label.part2),
            (std::vector<std::string_view>{"SUD", "HIV", kPart2Code}));
  EXPECT_EQ(SensitivitiesOf(0, false), std::vector<std::string_view>());
  EXPECT_EQ(TableRefusal(ParseTableLabel, "none;part2=yes").message(),
            "sensitivity on a table without PHI");
  EXPECT_EQ(TableRefusal(ParseTableLabel, "none;conf=R").message(),
            "sensitivity on a table without PHI");
  EXPECT_EQ(TableRefusal(ParseSchemaLabel, "none;conf=V").message(),
            "sensitivity on a schema without PHI");
  EXPECT_FALSE(ParseTableLabel("none;conf=L").phi);
  EXPECT_EQ(TableRefusal(ParseSchemaLabel, "phi;sens=HIV").message(),
            "unknown item \"sens\" in schema label");
}

TEST(ColumnLabel, CodesOfTheRow) {
  EXPECT_TRUE(ParseColumnLabel("none;rows=sens").rows);
  EXPECT_EQ(Format(ParseColumnLabel("phi:clinical;rows=sens;policy=drop")),
            "phi:clinical;policy=drop;rows=sens");
  EXPECT_FALSE(ParseColumnLabel("none").rows);
  EXPECT_EQ(Refusal(ParseColumnLabel, "none;rows=yes").hint(), "Values of rows are: sens.");
}

TEST(ColumnLabel, WhatDecides) {
  const auto same = [](std::string_view a, std::string_view b) {
    return DecidingText(ParseColumnLabel(a)) == DecidingText(ParseColumnLabel(b));
  };
  EXPECT_TRUE(same("phi:ssn", "phi:ssn;quasi=yes"));
  EXPECT_TRUE(same("phi:ssn;policy=keep", "phi:ssn;x=keep"));
  EXPECT_TRUE(same("phi:clinical;sens=HIV", "phi:clinical;sens=HIV;conf=R"));
  for (const char* const other :
       {"none", "phi:mrn", "phi:ssn;sens=HIV", "phi:ssn;part2=yes", "phi:ssn;subject",
        "phi:ssn;of=a", "phi:ssn;x=keep", "phi:ssn;rows=sens", "phi:ssn;conf=V", "phi:ssn;conf=L",
        "phi:ssn;policy=drop"}) {
    EXPECT_FALSE(same("phi:ssn", other)) << other;
  }
  EXPECT_EQ(DecidingText(ParseTableLabel("phi;conf=V;aad=v;default=keep")),
            "phi;default=keep;conf=V");
}

TEST(ColumnLabel, Policy) {
  EXPECT_EQ(Format(ParseColumnLabel("phi:ssn;policy=keep")), "phi:ssn;x=keep");
  EXPECT_EQ(Format(ParseColumnLabel("phi:ssn;policy=keep;x=keep")), "phi:ssn;x=keep");
  EXPECT_EQ(Format(ParseColumnLabel("phi:ssn;policy=drop;x=null")), "phi:ssn;x=null;policy=drop");
  // Of several parents: drop of one is enough, keep takes all.
  const auto joint = [](std::string_view a, std::string_view b) {
    return Format(Strictest(ParseColumnLabel(a), ParseColumnLabel(b)));
  };
  EXPECT_EQ(joint("phi:ssn;policy=drop", "phi:ssn;policy=keep"), "phi:ssn;policy=drop");
  EXPECT_EQ(joint("phi:ssn;policy=keep", "phi:ssn"), "phi:ssn");
  EXPECT_EQ(joint("phi:ssn;policy=keep", "phi:ssn;x=keep"), "phi:ssn;x=keep");
}

TEST(ColumnLabel, Limits) {
  EXPECT_EQ(LimitsOf(ParseColumnLabel(
                "phi:ssn;conf=V;sens=HIV;part2=yes;quasi=yes;subject;of=a;x=null;policy=drop")),
            LimitsOf(ParseColumnLabel("phi:mrn;conf=V;sens=HIV;part2=yes;policy=drop")));
  EXPECT_EQ(LimitsOf(ParseColumnLabel("phi:ssn")), ColumnLabel());
  for (const char* const text :
       {"phi:ssn;conf=R", "phi:ssn;sens=HIV;conf=N", "phi:ssn;part2=yes", "phi:ssn;policy=drop"}) {
    EXPECT_NE(LimitsOf(ParseColumnLabel(text)), ColumnLabel()) << text;
  }
}

TEST(Sensitivity, Confidentiality) {
  EXPECT_EQ(ParseConfidentiality("U"), Confidentiality::kUnrestricted);
  EXPECT_EQ(ParseConfidentiality("N"), Confidentiality::kNormal);
  EXPECT_EQ(ParseConfidentiality("V"), Confidentiality::kVeryRestricted);
  for (const std::string_view code : {"", "n", "X", "NR", "normal"}) {
    EXPECT_THROW(ParseConfidentiality(code), Error) << code;
  }
}

TEST(Sensitivity, CodesAreKnownOrRefused) {
  for (const std::string_view code : SensitivityCodes()) EXPECT_NO_THROW(CheckSensitivity(code));
  EXPECT_NO_THROW(CheckSensitivity(kPart2Code));
  for (const std::string_view code : {"", "hiv", "HVI", "42CFRPart3", "part2"}) {
    EXPECT_THROW(CheckSensitivity(code), Error) << code;
  }
}

TEST(TableLabel, SaysWhatIsWrong) {
  EXPECT_EQ(TableRefusal(ParseTableLabel, "phi:ssn").message(),
            "\"phi:ssn\" is a label for a column");
  EXPECT_EQ(TableRefusal(ParseTableLabel, "ph").hint(), "Did you mean \"phi\"?");
  EXPECT_EQ(TableRefusal(ParseTableLabel, "phi;quasi=yes").hint(),
            "Keys are: default, conf, aad, subject, sens, part2.");
  EXPECT_EQ(TableRefusal(ParseTableLabel, "default=omit").message(), "table label has no class");
  EXPECT_EQ(TableRefusal(ParseSchemaLabel, "phi;subject=id").message(),
            "unknown item \"subject\" in schema label");
  EXPECT_EQ(Format(ParseSchemaLabel("phi;default=keep;conf=V")), "phi;default=keep;conf=V");
}

TEST(Suggest, Distance) {
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("birht", "birth"), 1U);
  EXPECT_EQ(EditDistance("Kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("SSN", "ssn"), 0U);
}

TEST(TagClass, TypeSanity) {
  EXPECT_FALSE(KindFitsType(Kind::kEmail, 'B'));
  EXPECT_FALSE(KindFitsType(Kind::kSsn, 'D'));
  EXPECT_FALSE(KindFitsType(Kind::kName, 'N'));
  EXPECT_TRUE(KindFitsType(Kind::kDate, 'D'));
  EXPECT_TRUE(KindFitsType(Kind::kDate, 'S'));
  EXPECT_TRUE(KindFitsType(Kind::kPhoto, 'U'));
  for (const char category : std::string("ABCDEGINPRSTUVXZ")) {
    EXPECT_TRUE(KindFitsType(Kind::kNone, category));
  }
}

// Random labels over the whole vocabulary.
class Labels {
 public:
  ColumnLabel Next() {
    ColumnLabel label;
    label.tag_class = static_cast<ClassId>(Below(TagClasses().size()));
    if (label.phi()) {
      label.sens = Below(3) == 0 ? Below(1U << 20) : 0;
      label.part2 = Below(4) == 0;
      const char* const transforms[] = {"", "keep", "partial(1,2)", "email(keep_domain=yes)",
                                        "redact(\"a; b\")"};
      label.transform = transforms[Below(5)];
      label.drop = Below(3) == 0;
    }
    label.conf = static_cast<Confidentiality>(Below(label.phi() ? 6 : 4));
    label.quasi = Below(2) == 0;
    const char* const roles[] = {"", "patient", "guarantor-2"};
    if (Below(2) == 0) label.subject = roles[Below(3)];
    const char* const columns[] = {"", "patient_id", "Quoted \"Name;", "größe"};
    label.of = columns[Below(4)];
    label.rows = Below(4) == 0;
    return label;
  }
  std::uint32_t Below(std::size_t n) {
    return static_cast<std::uint32_t>(random_() % static_cast<std::uint32_t>(n));
  }

 private:
  std::mt19937 random_{20260102};
};

TEST(ColumnLabelProperty, FormatAndParseAreInverse) {
  Labels labels;
  for (int i = 0; i < 20000; ++i) {
    const ColumnLabel label = labels.Next();
    const std::string text = Format(label);
    if (text.size() > kMaxLabelBytes) continue;
    EXPECT_EQ(ParseColumnLabel(text), label) << text;
    EXPECT_EQ(Format(ParseColumnLabel(text)), text);
  }
}

TEST(ColumnLabelProperty, StrictestIsAJoin) {
  Labels labels;
  for (int i = 0; i < 20000; ++i) {
    const ColumnLabel a = labels.Next();
    const ColumnLabel b = labels.Next();
    const ColumnLabel c = labels.Next();
    EXPECT_EQ(Strictest(a, a), a);
    EXPECT_EQ(Strictest(a, b), Strictest(b, a));
    EXPECT_EQ(Strictest(Strictest(a, b), c), Strictest(a, Strictest(b, c)));
    EXPECT_EQ(Strictest(a, b).phi(), a.phi() || b.phi());
    EXPECT_GE(Strictest(a, b).conf, a.conf);
  }
}

TEST(ColumnLabelProperty, AnyTextIsParsedOrRefusedWithAPosition) {
  Labels labels;
  const std::string alphabet = "phi:;=,()\" .xnoesub\xC3\xB6\n";
  for (int i = 0; i < 50000; ++i) {
    std::string text = Format(labels.Next());
    for (std::uint32_t edits = labels.Below(4); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = labels.Below(text.size());
      const char c = alphabet[labels.Below(alphabet.size())];
      switch (labels.Below(3)) {
        case 0:
          text.erase(at, 1);
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text[at] = c;
      }
    }
    for (int table = 0; table < 2; ++table) {
      try {
        if (table != 0) {
          ParseTableLabel(text);
        } else {
          ParseColumnLabel(text);
        }
      } catch (const Error& e) {
        EXPECT_STREQ(e.sqlstate(), "22023");
        EXPECT_FALSE(e.message().empty());
        EXPECT_FALSE(e.hint().empty());
        if (text.size() <= kMaxLabelBytes) {
          EXPECT_EQ(e.detail().rfind("At position ", 0), 0U) << e.detail();
        }
      }
    }
  }
}

}  // namespace
}  // namespace phisync
