#pragma once
// What one value looks like.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace phisync::detect {

// A shape that a value has or has not. Each tells one kind; two may fit one value.
enum class Shape : std::uint8_t {
  kSsn,        // 123-45-6789, of an area, group and serial that are given out
  kSsnDigits,  // the same as nine bare digits
  kMrn,        // MRN and digits
  kNpi,        // ten digits, Luhn over 80840 and them
  kDea,        // two letters and seven digits with a check digit
  kMbi,        // Medicare beneficiary identifier
  kPhone,      // punctuated number of the North American plan, or +country number
  kPhoneDigits,
  kEmail,
  kZip,   // five digits
  kZip4,  // 12345-6789
  kDate,
  kIp,
  kUrl,
  kUdi,       // GS1 device identifier with check digit
  kVin,       // 17 characters with check digit
  kGiven,     // a common given name
  kFamily,    // a common family name
  kFullName,  // two to four words, one a common given name, another a common family name
  kStreet,    // house number and a street word
  kIcd,       // ICD-10 code
  kLoinc,     // with check digit
  kProse,     // eight words and more
  kEmbedded,  // longer text with an SSN, a telephone number or an e-mail address in it
  kUnique,    // letters and digits mixed, or a UUID
};
inline constexpr std::size_t kShapes = 25;
std::string_view ShapeName(Shape shape);

// Bit i: the value has shape i. Any bytes are taken; only the first 4096 are looked at.
std::uint32_t ShapesOf(std::string_view value);
constexpr bool Has(std::uint32_t shapes, Shape shape) {
  return ((shapes >> static_cast<unsigned>(shape)) & 1U) != 0;
}

// Lists of the hundred or so commonest names in the United States, in capitals; facts of its
// census and social security statistics.
bool IsCommonGivenName(std::string_view upper);
bool IsCommonFamilyName(std::string_view upper);

}  // namespace phisync::detect
