#pragma once
// Codes of sensitive data: what labels say of columns, tables and rows, and what profiles have
// consent or are cleared for.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace phisync {

// HL7 confidentiality, weakest first.
enum class Confidentiality : std::uint8_t {
  kUnrestricted,
  kLow,
  kModerate,
  kNormal,
  kRestricted,
  kVeryRestricted,
};

// U, L, M, N, R, V.
std::span<const std::string_view> ConfidentialityCodes();
// Error 22023 with the codes in the hint unless it is one of them.
Confidentiality ParseConfidentiality(std::string_view code);

// HL7 codes of sensitive data that sens= takes, in the order of its bits.
std::span<const std::string_view> SensitivityCodes();
// What part2=yes says, as a code: HL7's name of the policy.
inline constexpr std::string_view kPart2Code = "42CFRPart2";
// Error 22023 with what was probably meant unless it is one of them or kPart2Code.
void CheckSensitivity(std::string_view code);
// The codes of a label: those of its bits, then kPart2Code.
std::vector<std::string_view> SensitivitiesOf(std::uint32_t sens, bool part2);

}  // namespace phisync
