#pragma once
// Purposes of use: the codes of the HL7 value set v3-PurposeOfUse (code system v3-ActReason).

#include <string>
#include <string_view>

namespace phisync::audit {

// Whether the text is a code of the value set, in any case; "" is not.
bool IsPurpose(std::string_view text) noexcept;

// The code as the value set writes it (upper case).
std::string CanonicalPurpose(std::string_view text);

// What to type instead, for the hint of an error.
inline constexpr const char* kPurposeHint =
    "Use a code of the HL7 value set PurposeOfUse, such as TREAT (treatment), ETREAT (emergency "
    "treatment), BTG (break the glass), HPAYMT (payment), HOPERAT (operations), HRESCH (research), "
    "PATRQT (patient request), PUBHLTH (public health).";

}  // namespace phisync::audit
