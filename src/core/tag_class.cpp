#include "core/tag_class.h"

#include <initializer_list>
#include <iterator>

#include "core/suggest.h"

namespace phisync {
namespace {

constexpr TagClass kClasses[] = {
    {Kind::kNone, "none"},
    {Kind::kAge, "age"},
    {Kind::kDate, "date.service"},
    {Kind::kDate, "date.admit"},
    {Kind::kDate, "date.discharge"},
    {Kind::kDate, "date.death"},
    {Kind::kDate, "date.birth"},
    {Kind::kDate, "date"},
    {Kind::kGeo, "geo.county"},
    {Kind::kGeo, "geo.city"},
    {Kind::kGeo, "geo.zip"},
    {Kind::kGeo, "geo.street"},
    {Kind::kGeo, "geo.latlon"},
    {Kind::kGeo, "geo"},
    {Kind::kUrl, "url"},
    {Kind::kIp, "ip"},
    {Kind::kCode, "code"},
    {Kind::kDevice, "device"},
    {Kind::kVehicle, "vehicle"},
    {Kind::kLicense, "license"},
    {Kind::kAccount, "account"},
    {Kind::kPlan, "plan"},
    {Kind::kFax, "fax"},
    {Kind::kPhone, "phone"},
    {Kind::kEmail, "email"},
    {Kind::kName, "name.given"},
    {Kind::kName, "name.family"},
    {Kind::kName, "name.relative"},
    {Kind::kName, "name.full"},
    {Kind::kName, "name"},
    {Kind::kMrn, "mrn"},
    {Kind::kSsn, "ssn"},
    {Kind::kPhoto, "photo"},
    {Kind::kBiometric, "biometric"},
    {Kind::kClinical, "clinical.lab"},
    {Kind::kClinical, "clinical.rx"},
    {Kind::kClinical, "clinical.dx"},
    {Kind::kClinical, "clinical.note"},
    {Kind::kClinical, "clinical"},
    {Kind::kFreetext, "freetext"},
};

// What people call these things in their schemas.
struct Synonym {
  std::string_view word;
  std::string_view text;
};
constexpr Synonym kSynonyms[] = {
    {"first", "name.given"},
    {"last", "name.family"},
    {"surname", "name.family"},
    {"fname", "name.given"},
    {"lname", "name.family"},
    {"dob", "date.birth"},
    {"birthdate", "date.birth"},
    {"dod", "date.death"},
    {"address", "geo.street"},
    {"zipcode", "geo.zip"},
    {"postcode", "geo.zip"},
    {"postal", "geo.zip"},
    {"lat", "geo.latlon"},
    {"lon", "geo.latlon"},
    {"location", "geo"},
    {"tel", "phone"},
    {"telephone", "phone"},
    {"mobile", "phone"},
    {"mail", "email"},
    {"member", "plan"},
    {"policy", "plan"},
    {"insurance", "plan"},
    {"mbi", "plan"},
    {"npi", "license"},
    {"dea", "license"},
    {"licence", "license"},
    {"certificate", "license"},
    {"vin", "vehicle"},
    {"plate", "vehicle"},
    {"serial", "device"},
    {"image", "photo"},
    {"picture", "photo"},
    {"fingerprint", "biometric"},
    {"diagnosis", "clinical.dx"},
    {"medication", "clinical.rx"},
    {"drug", "clinical.rx"},
    {"result", "clinical.lab"},
    {"observation", "clinical.lab"},
    {"health", "clinical"},
    {"comment", "freetext"},
    {"text", "freetext"},
    {"id", "code"},
    {"identifier", "code"},
};

constexpr bool OneOf(Kind kind, std::initializer_list<Kind> kinds) {
  for (const Kind k : kinds) {
    if (k == kind) return true;
  }
  return false;
}

}  // namespace

std::span<const TagClass> TagClasses() {
  return kClasses;
}

std::string ClassText(ClassId id) {
  const std::string text(kClasses[id].text);
  return id == kClassNone ? text : "phi:" + text;
}

ClassId FindClass(std::string_view text) {
  for (std::size_t i = 1; i < std::size(kClasses); ++i) {
    if (kClasses[i].text == text) return static_cast<ClassId>(i);
  }
  return kClassNone;
}

std::string SuggestClass(std::string_view text) {
  std::string_view best;
  std::size_t best_distance = PlausibleDistance(text.size()) + 1;
  const auto consider = [&](std::string_view spelling, std::string_view meant) {
    const std::size_t distance = EditDistance(text, spelling);
    if (distance < best_distance && distance < spelling.size()) {
      best_distance = distance;
      best = meant;
    }
  };
  for (const TagClass& c : kClasses) {
    if (c.kind == Kind::kNone) continue;
    consider(c.text, c.text);
    const std::size_t dot = c.text.find('.');
    if (dot != std::string_view::npos) consider(c.text.substr(dot + 1), c.text);
  }
  for (const Synonym& s : kSynonyms) consider(s.word, s.text);
  // A known kind with an unknown part: the kind alone is right, and stricter.
  const std::string_view kind = text.substr(0, text.find('.'));
  if (best.empty() && kind.size() < text.size() && FindClass(kind) != kClassNone) best = kind;
  return best.empty() ? std::string() : "phi:" + std::string(best);
}

bool KindFitsType(Kind kind, char type_category) {
  if (kind == Kind::kNone) return true;
  switch (type_category) {
    case 'B':  // boolean
      return kind == Kind::kClinical;
    case 'D':  // dates and times
      return OneOf(kind, {Kind::kDate, Kind::kAge, Kind::kClinical});
    case 'T':  // intervals
      return OneOf(kind, {Kind::kAge, Kind::kDate, Kind::kClinical});
    case 'G':  // geometry
      return OneOf(kind, {Kind::kGeo, Kind::kBiometric, Kind::kClinical});
    case 'I':  // network addresses
      return OneOf(kind, {Kind::kIp, Kind::kDevice, Kind::kUrl, Kind::kCode});
    case 'N':  // numbers; a photo may be the id of a large object
      return !OneOf(kind, {Kind::kName, Kind::kEmail, Kind::kUrl, Kind::kFreetext});
    case 'R':  // ranges
      return OneOf(kind, {Kind::kDate, Kind::kAge, Kind::kIp, Kind::kClinical, Kind::kCode});
    default:  // text, bytes, json, enums, composites: may hold anything
      return true;
  }
}

}  // namespace phisync
