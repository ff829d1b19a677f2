// The vocabulary of detection: whom words are about, words that hold no data.

#include <algorithm>
#include <iterator>

#include "core/detect_rule_list.h"
#include "core/detect_words.h"

namespace phisync::detect {
namespace {

struct AboutWord {
  std::string_view word;
  About about;
};
constexpr AboutWord kAbout[] = {
    {"patient", About::kPerson},
    {"person", About::kPerson},
    {"member", About::kPerson},
    {"subscriber", About::kPerson},
    {"beneficiary", About::kPerson},
    {"insured", About::kPerson},
    {"guarantor", About::kPerson},
    {"resident", About::kPerson},
    {"enrollee", About::kPerson},
    {"individual", About::kPerson},
    {"relative", About::kPerson},
    {"household", About::kPerson},
    {"participant", About::kPerson},
    {"donor", About::kPerson},
    {"demographic", About::kPerson},
    {"newborn", About::kPerson},
    {"baby", About::kPerson},
    {"infant", About::kPerson},
    {"child", About::kPerson},
    {"mother", About::kPerson},
    {"father", About::kPerson},
    {"spouse", About::kPerson},
    {"parent", About::kPerson},
    {"guardian", About::kPerson},
    {"kin", About::kPerson},
    {"emergency", About::kPerson},
    {"dependent", About::kPerson},
    {"identity", About::kPerson},
    {"subject", About::kMaybe},
    {"contact", About::kMaybe},
    {"client", About::kMaybe},
    {"customer", About::kMaybe},
    {"user", About::kMaybe},
    {"recipient", About::kMaybe},
    {"respondent", About::kMaybe},
    {"profile", About::kMaybe},
    {"portal", About::kMaybe},
    {"applicant", About::kMaybe},
    {"encounter", About::kClinical},
    {"visit", About::kClinical},
    {"admission", About::kClinical},
    {"observation", About::kClinical},
    {"condition", About::kClinical},
    {"diagnosis", About::kClinical},
    {"procedure", About::kClinical},
    {"medication", About::kClinical},
    {"prescription", About::kClinical},
    {"drug", About::kClinical},
    {"lab", About::kClinical},
    {"result", About::kClinical},
    {"claim", About::kClinical},
    {"immunization", About::kClinical},
    {"vaccine", About::kClinical},
    {"allergy", About::kClinical},
    {"clinical", About::kClinical},
    {"medical", About::kClinical},
    {"specimen", About::kClinical},
    {"measurement", About::kClinical},
    {"death", About::kClinical},
    {"appointment", About::kClinical},
    {"referral", About::kClinical},
    {"vital", About::kClinical},
    {"episode", About::kClinical},
    {"hospitalization", About::kClinical},
    {"inpatient", About::kClinical},
    {"outpatient", About::kClinical},
    {"microbiology", About::kClinical},
    {"oncology", About::kClinical},
    {"cardiology", About::kClinical},
    {"triage", About::kClinical},
    {"transfusion", About::kClinical},
    {"vaccination", About::kClinical},
    {"chart", About::kClinical},
    {"pathology", About::kClinical},
    {"radiology", About::kClinical},
    {"implant", About::kClinical},
    {"surgery", About::kClinical},
    {"therapy", About::kClinical},
    {"psych", About::kClinical},
    {"insurance", About::kClinical},
    {"coverage", About::kClinical},
    {"eligibility", About::kClinical},
    {"enrollment", About::kClinical},
    {"care", About::kClinical},
    {"treatment", About::kClinical},
    {"health", About::kClinical},
    {"staff", About::kStaff},
    {"provider", About::kStaff},
    {"practitioner", About::kStaff},
    {"physician", About::kStaff},
    {"doctor", About::kStaff},
    {"nurse", About::kStaff},
    {"employee", About::kStaff},
    {"clinician", About::kStaff},
    {"prescriber", About::kStaff},
    {"therapist", About::kStaff},
    {"surgeon", About::kStaff},
    {"attending", About::kStaff},
    {"pcp", About::kStaff},
    {"gp", About::kStaff},
    {"md", About::kStaff},
    {"author", About::kStaff},
    {"operator", About::kStaff},
    {"technician", About::kStaff},
    {"pharmacist", About::kStaff},
    {"referring", About::kStaff},
    {"rendering", About::kStaff},
    {"radiologist", About::kStaff},
    {"posted", About::kStaff},
    {"approver", About::kStaff},
    {"clinic", About::kPlace},
    {"hospital", About::kPlace},
    {"facility", About::kPlace},
    {"organization", About::kPlace},
    {"department", About::kPlace},
    {"payer", About::kPlace},
    {"pharmacy", About::kPlace},
    {"vendor", About::kPlace},
    {"supplier", About::kPlace},
    {"company", About::kPlace},
    {"ward", About::kPlace},
    {"office", About::kPlace},
    {"branch", About::kPlace},
    {"warehouse", About::kPlace},
    {"manufacturer", About::kPlace},
    {"publisher", About::kPlace},
    {"carrier", About::kPlace},
    {"employer", About::kPlace},
    {"bed", About::kPlace},
    {"store", About::kPlace},
    {"school", About::kPlace},
    {"site", About::kPlace},
    {"product", About::kOther},
    {"file", About::kOther},
    {"filename", About::kOther},
    {"log", About::kOther},
    {"metric", About::kOther},
    {"telemetry", About::kOther},
    {"sensor", About::kOther},
    {"invoice", About::kOther},
    {"ledger", About::kOther},
    {"host", About::kOther},
    {"server", About::kOther},
    {"job", About::kOther},
    {"config", About::kOther},
    {"setting", About::kOther},
    {"migration", About::kOther},
    {"cache", About::kOther},
    {"queue", About::kOther},
    {"inventory", About::kOther},
    {"catalog", About::kOther},
    {"vocabulary", About::kOther},
    {"currency", About::kOther},
    {"country", About::kOther},
    {"exchange", About::kOther},
    {"http", About::kOther},
    {"api", About::kOther},
    {"item", About::kOther},
    {"sku", About::kOther},
    {"machine", About::kOther},
    {"price", About::kOther},
    {"upload", About::kOther},
    {"download", About::kOther},
    {"worker", About::kOther},
    {"firmware", About::kOther},
    {"agent", About::kOther},
    {"schema", About::kOther},
    {"shipment", About::kOther},
    {"asset", About::kOther},
    {"equipment", About::kOther},
    {"tax", About::kOther},
    {"capital", About::kOther},
    {"capacity", About::kOther},
    {"database", About::kOther},
    {"column", About::kOther},
    {"table", About::kOther},
    {"domain", About::kOther},
    {"storage", About::kOther},
    {"error", About::kOther},
    {"concept", About::kLookup},
    {"type", About::kLookup},
    {"status", About::kLookup},
    {"category", About::kLookup},
    {"code", About::kLookup},
    {"lookup", About::kLookup},
    {"dictionary", About::kLookup},
    {"book", About::kLookup},
    {"stock", About::kLookup},
    {"feature", About::kLookup},
    {"app", About::kLookup},
    {"order", About::kLookup},
    {"rate", About::kLookup},
    {"review", About::kLookup},
    {"event", About::kLookup},
    {"calendar", About::kLookup},
    {"holiday", About::kLookup},
    {"request", About::kLookup},
};

constexpr std::string_view kMeta[] = {
    "type",       "status",    "verified",     "count",      "flag",     "valid",     "format",
    "length",     "is",        "has",          "consent",    "opt",      "version",   "method",
    "category",   "language",  "preference",   "permission", "encoding", "gender",    "race",
    "sex",        "ethnicity", "relationship", "extension",  "class",    "specialty", "disposition",
    "funding",    "modality",  "system",       "size",       "hash",     "checksum",  "mime",
    "confidence", "color",     "colour",       "theme",
};

// Whether `consonants` is `word` but for its vowels and the second of double letters; of a first
// letter both have it.
bool IsConsonantsOf(std::string_view consonants, std::string_view word) {
  std::size_t matched = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool vowel = std::string_view("aeiou").find(word[i]) != std::string_view::npos;
    if (i > 0 && vowel) continue;
    const bool again = matched > 0 && consonants[matched - 1] == word[i];
    if (matched < consonants.size() && consonants[matched] == word[i]) {
      ++matched;
    } else if (!again) {
      return false;
    }
  }
  return matched == consonants.size();
}

}  // namespace

std::string_view WithoutVowels(std::string_view consonants) {
  std::string_view found;
  // False if two words are meant.
  const auto consider = [&](std::string_view word) {
    if (word == found || !IsConsonantsOf(consonants, word)) return true;
    const bool first = found.empty();
    found = word;
    return first;
  };
  for (const AboutWord& a : kAbout) {
    if (!consider(a.word)) return {};
  }
  for (const std::string_view word : kMeta) {
    if (!consider(word)) return {};
  }
  for (const std::string_view word : NameRuleWords()) {
    if (!consider(word)) return {};
  }
  return found;
}

About AboutOf(std::string_view word) {
  for (const AboutWord& a : kAbout) {
    if (a.word == word) return a.about;
  }
  return About::kNothing;
}

bool IsMetaWord(std::string_view word) {
  return std::find(std::begin(kMeta), std::end(kMeta), word) != std::end(kMeta);
}

}  // namespace phisync::detect
