#include "core/sensitivity_codes.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.h"
#include "core/suggest.h"

namespace phisync {
namespace {

// HL7 ActCode sensitivities; a label's bits follow this order.
constexpr std::array<std::string_view, 20> kSensitivity = {
    "ETH", "SUD", "ETHUD", "OPIOIDUD", "HIV",  "STD", "PSY",  "PSYTHPN", "MH",   "BH",
    "SDV", "SEX", "GDIS",  "SICKLE",   "COGN", "DVD", "ADOL", "CEL",     "TBOO", "VIP"};

// In the order of Confidentiality.
constexpr std::array<std::string_view, 6> kConfidentiality = {"U", "L", "M", "N", "R", "V"};

std::vector<std::string_view> AllCodes() {
  std::vector<std::string_view> codes(kSensitivity.begin(), kSensitivity.end());
  codes.push_back(kPart2Code);
  return codes;
}

}  // namespace

std::span<const std::string_view> ConfidentialityCodes() {
  return kConfidentiality;
}

Confidentiality ParseConfidentiality(std::string_view code) {
  const auto* const found = std::find(kConfidentiality.begin(), kConfidentiality.end(), code);
  if (found != kConfidentiality.end()) {
    return static_cast<Confidentiality>(found - kConfidentiality.begin());
  }
  throw Error(sqlstate::kInvalidParameterValue,
              "unknown confidentiality \"" + std::string(code) + "\"",
              "A profile is cleared for data up to one of HL7's levels, as labels give them by "
              "conf=.",
              "Levels are, from the lowest: U, L, M, N, R, V.");
}

std::span<const std::string_view> SensitivityCodes() {
  return kSensitivity;
}

void CheckSensitivity(std::string_view code) {
  const std::vector<std::string_view> known = AllCodes();
  if (std::find(known.begin(), known.end(), code) != known.end()) return;
  std::string hint;
  const std::string_view nearest = Nearest(code, known);
  if (!nearest.empty()) {
    hint = "Did you mean \"" + std::string(nearest) + "\"?";
  } else {
    for (const std::string_view other : known) {
      hint += hint.empty() ? "Codes are: " : ", ";
      hint += other;
    }
    hint += '.';
  }
  throw Error(sqlstate::kInvalidParameterValue,
              "unknown sensitivity code \"" + std::string(code) + "\"",
              "Consents are given for codes that labels can have.", std::move(hint));
}

std::vector<std::string_view> SensitivitiesOf(std::uint32_t sens, bool part2) {
  std::vector<std::string_view> codes;
  for (std::size_t i = 0; i < kSensitivity.size(); ++i) {
    if ((sens & (1U << i)) != 0) codes.push_back(kSensitivity[i]);
  }
  if (part2) codes.push_back(kPart2Code);
  return codes;
}

}  // namespace phisync
