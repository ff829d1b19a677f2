#include <gtest/gtest.h>

#include "core/detect_shapes.h"
#include "core/detect_values.h"
#include "core/detect_words.h"
#include "detect_values.h"

namespace phisync::detect {
namespace {

std::string Joined(std::string_view identifier) {
  std::string all;
  for (const std::string& word : Words(identifier)) all += (all.empty() ? "" : " ") + word;
  return all;
}

TEST(DetectWords, AreSplitAndSpelledOut) {
  EXPECT_EQ(Joined("patient_ssn"), "patient ssn");
  EXPECT_EQ(Joined("MED_REC_NO"), "medical record number");
  EXPECT_EQ(Joined("medRecNo"), "medical record number");
  EXPECT_EQ(Joined("PTFNAME"), "ptfname");  // two letters are too little
  EXPECT_EQ(Joined("patientfirstname"), "patient first name");
  EXPECT_EQ(Joined("birthdate"), "birth date");
  EXPECT_EQ(Joined("dob"), "birth date");
  EXPECT_EQ(Joined("HTTPRequestURL"), "http request url");
  EXPECT_EQ(Joined("addressLine2"), "address line 2");
  EXPECT_EQ(Joined("policies"), "policy");
  EXPECT_EQ(Joined("mothersname"), "mother name");
  EXPECT_EQ(Joined("CLM_ADMSN_DT"), "claim admission date");  // without vowels
  EXPECT_EQ(Joined("xtrc"), "xtrc");
  EXPECT_EQ(Joined("fecha_nacimiento"), "date birth date");
  EXPECT_EQ(Joined("Straße nr"), "straße nr");
  EXPECT_EQ(Joined(""), "");
  EXPECT_EQ(Joined("___"), "");
  EXPECT_EQ(WithoutVowels("dgns"), "diagnosis");
  EXPECT_EQ(WithoutVowels("ct"), "");  // city, or county but for its n
  EXPECT_EQ(WithoutVowels(""), "");
  EXPECT_EQ(Words("a b c d e f g h i j k l m n o p q r s t u v w x y z").size(), 16U);
}

TEST(DetectShapes, OfSocialSecurityNumbers) {
  EXPECT_TRUE(Has(ShapesOf("536-22-8817"), Shape::kSsn));
  EXPECT_TRUE(Has(ShapesOf(" 536228817 "), Shape::kSsnDigits));
  for (const char* not_given_out : {"000-12-3456", "666-12-3456", "912-12-3456", "536-00-8817",
                                    "536-22-0000", "078-05-1120", "111-11-1111", "536-2-28817"}) {
    EXPECT_FALSE(Has(ShapesOf(not_given_out), Shape::kSsn)) << not_given_out;
  }
}

TEST(DetectShapes, OfNumbersWithCheckDigits) {
  EXPECT_TRUE(Has(ShapesOf("1234567893"), Shape::kNpi));  // the example of the standard
  EXPECT_FALSE(Has(ShapesOf("1234567890"), Shape::kNpi));
  EXPECT_TRUE(Has(ShapesOf("AB1234563"), Shape::kDea));
  EXPECT_FALSE(Has(ShapesOf("AB1234564"), Shape::kDea));
  EXPECT_TRUE(Has(ShapesOf("1EG4-TE5-MK73"), Shape::kMbi));  // the example of the Medicare card
  EXPECT_FALSE(Has(ShapesOf("1SG4-TE5-MK73"), Shape::kMbi));
  EXPECT_TRUE(Has(ShapesOf("1M8GDM9AXKP042788"), Shape::kVin));
  EXPECT_FALSE(Has(ShapesOf("1M8GDM9A1KP042788"), Shape::kVin));
  EXPECT_TRUE(
      Has(ShapesOf("(01)00844588003288(17)141120(10)7654321D(21)10987654d321"), Shape::kUdi));
  EXPECT_FALSE(Has(ShapesOf("(01)00844588003289(17)141120"), Shape::kUdi));
  EXPECT_TRUE(Has(ShapesOf("2951-2"), Shape::kLoinc));
  EXPECT_FALSE(Has(ShapesOf("2951-3"), Shape::kLoinc));
}

TEST(DetectShapes, OfWaysToReachSomebody) {
  for (const char* phone : {"(206) 555-0143", "206-555-0143", "206.555.0143", "+1 206 555 0143",
                            "+442079460018", "1-206-555-0143", "206-555-0143 x12"}) {
    EXPECT_TRUE(Has(ShapesOf(phone), Shape::kPhone)) << phone;
  }
  for (const char* other : {"106-555-0143", "2025-11-22", "10.2.33.444", "206-555", "1.206.555"}) {
    EXPECT_FALSE(Has(ShapesOf(other), Shape::kPhone)) << other;
  }
  EXPECT_TRUE(Has(ShapesOf("2065550143"), Shape::kPhoneDigits));
  EXPECT_TRUE(Has(ShapesOf("a.b+c@mail.example.org"), Shape::kEmail));
  for (const char* other : {"@example.org", "a@b", "a b@example.org", "a@exa_mple.org", "a@b.c1"}) {
    EXPECT_FALSE(Has(ShapesOf(other), Shape::kEmail)) << other;
  }
  EXPECT_TRUE(Has(ShapesOf("10.1.2.3"), Shape::kIp));
  EXPECT_TRUE(Has(ShapesOf("2001:db8::1"), Shape::kIp));
  EXPECT_FALSE(Has(ShapesOf("10.1.2.300"), Shape::kIp));
  EXPECT_FALSE(Has(ShapesOf("12:30:00"), Shape::kIp));
  EXPECT_TRUE(Has(ShapesOf("https://example.org/x"), Shape::kUrl));
}

TEST(DetectShapes, OfNamesAndText) {
  EXPECT_TRUE(Has(ShapesOf("Mary"), Shape::kGiven));
  EXPECT_TRUE(Has(ShapesOf("SMITH, JOHN Q."), Shape::kFullName));
  EXPECT_FALSE(Has(ShapesOf("Blue Steel Widget"), Shape::kFullName));
  EXPECT_TRUE(Has(ShapesOf("12 Oak Street Apt 4"), Shape::kStreet));
  EXPECT_TRUE(
      Has(ShapesOf("Called back, wants results sent to a.b@example.org today."), Shape::kEmbedded));
  EXPECT_TRUE(Has(ShapesOf("SSN on file 536-22-8817 was confirmed by telephone with her mother"),
                  Shape::kEmbedded));
}

// How often values of the right length and alphabet pass by chance; what kWeights reckons with.
TEST(DetectShapes, PassByChanceAsOftenAsMeasured) {
  Random random(7);
  constexpr int kTries = 200'000;
  int ssn = 0;
  int npi = 0;
  int phone = 0;
  int dea = 0;
  int vin = 0;
  int mbi = 0;
  for (int i = 0; i < kTries; ++i) {
    ssn += Has(ShapesOf(random.Digits(9)), Shape::kSsnDigits) ? 1 : 0;
    npi += Has(ShapesOf("1" + random.Digits(9)), Shape::kNpi) ? 1 : 0;
    phone += Has(ShapesOf(random.Digits(10)), Shape::kPhoneDigits) ? 1 : 0;
    dea +=
        Has(ShapesOf(random.From("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2) + random.Digits(7)), Shape::kDea)
            ? 1
            : 0;
    vin += Has(ShapesOf(random.From("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 17)), Shape::kVin) ? 1 : 0;
    mbi +=
        Has(ShapesOf(random.From("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 11)), Shape::kMbi) ? 1 : 0;
  }
  const auto rate = [](int hits) { return static_cast<double>(hits) / kTries; };
  EXPECT_NEAR(rate(ssn), 0.889, 0.01);
  EXPECT_NEAR(rate(npi), 0.10, 0.005);
  EXPECT_NEAR(rate(phone), 0.56, 0.01);
  EXPECT_NEAR(rate(dea), 0.069, 0.01);
  EXPECT_NEAR(rate(vin), 0.031, 0.003);
  EXPECT_LT(rate(mbi), 0.0005);
}

TEST(DetectValues, TellDatesOfBirthFromOtherDates) {
  Random random(3);
  Values births;
  Values visits;
  for (int i = 0; i < 200; ++i) {
    births.AddDay(MakeDay("dob", random));
    visits.AddDay(MakeDay("recent", random));
  }
  EXPECT_TRUE(births.LooksLikeBirths());
  EXPECT_FALSE(visits.LooksLikeBirths());
  Values text;
  for (int i = 0; i < 200; ++i) text.Add(MakeValue("dob", random));
  EXPECT_EQ(text.hits(Shape::kDate), 200);
  EXPECT_TRUE(text.LooksLikeBirths());
  EXPECT_FALSE(Values().LooksLikeBirths());
}

}  // namespace
}  // namespace phisync::detect
