#include "core/purpose.h"

#include <algorithm>
#include <iterator>

namespace phisync::audit {
namespace {

// Sorted; searched in binary.
constexpr std::string_view kPurposes[] = {
    "BIORCH",    "BTG",      "CAREMGT",   "CLINTRCH", "CLINTRCHNPC", "CLINTRCHPC", "CLINTRL",
    "CLMATTCH",  "COC",      "COVAUTH",   "COVERAGE", "DISASTER",    "DONAT",      "DSRCH",
    "ELIGDTRM",  "ELIGVER",  "ENROLLM",   "ERTREAT",  "ETREAT",      "FAMRQT",     "FRAUD",
    "GOV",       "HACCRED",  "HCOMPL",    "HDECD",    "HDIRECT",     "HDM",        "HLEGAL",
    "HMARKT",    "HOPERAT",  "HOUTCOMS",  "HPAYMT",   "HPRGRP",      "HQUALIMP",   "HRESCH",
    "HSYSADMIN", "HTEST",    "LABELING",  "MEMADMIN", "METAMGT",     "MILCDM",     "MILDCRG",
    "PATADMIN",  "PATRQT",   "PATSFTY",   "PERFMSR",  "POARCH",      "POPHLTH",    "PRECLINTRCH",
    "PUBHLTH",   "PWATRNY",  "RECORDMGT", "REMITADV", "SUPNWK",      "SYSDEV",     "THREAT",
    "TRAIN",     "TRANSRCH", "TREAT",
};
static_assert(std::is_sorted(std::begin(kPurposes), std::end(kPurposes)));

}  // namespace

std::string CanonicalPurpose(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool IsPurpose(std::string_view text) noexcept {
  // No code is longer; so nothing is allocated beyond the small string.
  if (text.empty() || text.size() > 15) return false;
  return std::binary_search(std::begin(kPurposes), std::end(kPurposes),
                            std::string_view(CanonicalPurpose(text)));
}

}  // namespace phisync::audit
