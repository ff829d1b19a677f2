#pragma once
// The closed vocabulary of what a column can hold: the classes of a column label.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace phisync {

enum class Kind : std::uint8_t {
  kNone,  // reviewed, not PHI
  kAge,
  kDate,
  kGeo,
  kUrl,
  kIp,
  kCode,
  kDevice,
  kVehicle,
  kLicense,
  kAccount,
  kPlan,
  kFax,
  kPhone,
  kEmail,
  kName,
  kMrn,
  kSsn,
  kPhoto,
  kBiometric,
  kClinical,
  kFreetext,  // may hold any of the others
};

struct TagClass {
  Kind kind;
  std::string_view text;  // as it stands after "phi:", such as "date.birth"; "none" for kNone
};

// Index into TagClasses(), roughly from the less to the more telling; a kind without a part
// (phi:date) stands after its parts (phi:date.birth). What consumers get of a class is the
// profiles' to say, and no order holds for all of them.
using ClassId = std::uint8_t;
inline constexpr ClassId kClassNone = 0;

std::span<const TagClass> TagClasses();

// As it stands in a label: "phi:date.birth" or "none".
std::string ClassText(ClassId id);

// The class of "date.birth" (without "phi:"); kClassNone if there is none.
ClassId FindClass(std::string_view text);

// The class that somebody who wrote `text` (without "phi:") may have meant, as it stands in a
// label; empty if nothing is near. Knows common column names such as dob and zipcode.
std::string SuggestClass(std::string_view text);

// Whether a column whose type is of this category (pg_type.typcategory; of the element for an
// array) can hold this kind. Refuses only what must be a mistake, such as a boolean with an e-mail
// address.
bool KindFitsType(Kind kind, char type_category);

}  // namespace phisync
