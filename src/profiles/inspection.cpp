// What profiles say, for people to see: built_in_profiles, profile_class_rules, profile_check.

#include "pg/tables.h"
#include "pg/text.h"
#include "profiles/check.h"
#include "profiles/profiles.h"
#include "tags/tags.h"

namespace phisync::profiles {
namespace {

ReturnSetInfo* BeginRows(FunctionCallInfo fcinfo) {
  pg::Call([&] { InitMaterializedSRF(fcinfo, 0); });
  return reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
}

template <std::size_t n>
void PutRow(ReturnSetInfo* result, const std::string_view (&texts)[n]) {
  pg::Call([&] {
    Datum values[n];
    bool nulls[n] = {};
    for (std::size_t i = 0; i < n; ++i) {
      values[i] = PointerGetDatum(
          cstring_to_text_with_len(texts[i].data(), static_cast<int>(texts[i].size())));
    }
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
}

void PutViolation(ReturnSetInfo* result, Standard standard, const Violation& violation,
                  std::string_view status) {
  // Paragraphs without a title are those of the Privacy Rule's.
  const bool whole = violation.citation.starts_with("42 CFR");
  const std::string citation = (whole ? "" : "45 CFR ") + std::string(violation.citation);
  PutRow(result,
         {standard == Standard::kSafeHarbor ? kSafeHarborName : kLimitedDataSetName,
          violation.subject, violation.rule, citation, violation.why, violation.remedy, status});
}

}  // namespace
}  // namespace phisync::profiles

// (): set of (name, description)
PHISYNC_FUNCTION(phisync_built_in_profiles) {
  using namespace phisync;
  using namespace phisync::profiles;
  auto* const result = BeginRows(fcinfo);
  for (const BuiltInProfile& profile : BuiltInProfiles()) {
    PutRow(result, {profile.name, profile.description});
  }
  return Datum{0};
}

// (profile text), strict: set of (class, transformation)
PHISYNC_FUNCTION(phisync_profile_class_rules) {
  using namespace phisync;
  using namespace phisync::profiles;
  const Profile profile = Require(pg::View(PG_GETARG_TEXT_PP(0)));
  auto* const result = BeginRows(fcinfo);
  for (std::size_t i = 1; i < TagClasses().size(); ++i) {
    const auto id = static_cast<ClassId>(i);
    const std::string of = ClassText(id);
    const std::string rule = Format(profile.rules.Of(id));
    PutRow(result, {of, rule});
  }
  PutRow(result, {kUnclassified, Format(profile.rules.OfUnclassified())});
  return Datum{0};
}

// (profile text, relation regclass), strict: set of (column_name, tag, treatment, row_codes,
// hides_rows)
PHISYNC_FUNCTION(phisync_treatments) {
  using namespace phisync;
  using namespace phisync::profiles;
  const Profile profile = Require(pg::View(PG_GETARG_TEXT_PP(0)));
  const Oid relation = PG_GETARG_OID(1);
  const std::vector<Treatment> treatments = TreatmentsOf(profile, relation);
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  const bool hides = HidesRows(profile, relation);
  auto* const result = BeginRows(fcinfo);
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    const std::string treatment = Format(treatments[i].transform);
    pg::Call([&] {
      const auto number = static_cast<AttrNumber>(i + 1);
      if (!OidIsValid(get_atttype(relation, number))) return;  // dropped
      char* const name = get_attname(relation, number, false);
      const char* const tag = tags.columns[i].text.c_str();
      Datum values[] = {DirectFunctionCall1(namein, CStringGetDatum(name)),
                        CStringGetTextDatum(tag), CStringGetTextDatum(treatment.c_str()),
                        BoolGetDatum(treatments[i].rows), BoolGetDatum(hides)};
      bool nulls[] = {false, *tag == '\0', false, false, false};
      tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
  }
  return Datum{0};
}

// (profile text, standard text): set of (standard, subject, rule, citation, why, remedy, status)
PHISYNC_FUNCTION(phisync_profile_check) {
  using namespace phisync;
  using namespace phisync::profiles;
  if (PG_ARGISNULL(0)) {
    throw Error("22004", "argument \"profile\" cannot be null", "It says what is to be checked.",
                "SELECT name FROM phisync.profiles; lists the profiles.");
  }
  const Profile profile = Require(pg::View(PG_GETARG_TEXT_PP(0)));
  std::vector<Standard> standards = {Standard::kSafeHarbor, Standard::kLimitedDataSet};
  if (!PG_ARGISNULL(1)) standards = {ParseStandard(pg::View(PG_GETARG_TEXT_PP(1)))};
  auto* const result = BeginRows(fcinfo);
  for (const Standard standard : standards) {
    for (const Violation& violation : ViolationsOf(profile, standard)) {
      PutViolation(result, standard, violation, "violation");
    }
    for (const Violation& advice : AdviceOn(profile, standard)) {
      PutViolation(result, standard, advice, "advice");
    }
  }
  return Datum{0};
}
