#pragma once
// Transformations: what a profile makes of a value that is PHI. Here their language and what is
// known of each; core/transform_apply.h carries them out.
//
//   transformation := name [ '(' argument (',' argument)* ')' ]
//   argument       := [ parameter '=' ] value          by position first, then by name
//   value          := word | '"' any text, '"' doubled '"'
//
// Blanks are ignored. Names and parameters are lower-case.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/decimal.h"
#include "core/tag_class.h"

namespace phisync {

enum class Op : std::uint8_t {
  kKeep,
  kDrop,
  kNull,
  kRedact,
  kPartial,
  kEmail,
  kZip3,
  kDateYear,
  kDateMonth,
  kAge90,
  kDateShift,
  kBucket,
  kPseudonym,
  kSurrogate,
  kIp,
  kUrl,
  kLatLon,
};

// The types that differ for a transformation. uuid, enums and citext go as text (a pseudonym
// changes the type anyway), real numbers as numeric; what is none of these (arrays, ranges,
// composites) is kOther.
enum class ValueType : std::uint8_t {
  kText,
  kInteger,
  kNumeric,
  kDate,
  kTimestamp,
  kTimestamptz,
  kBool,
  kInet,
  kBytea,
  kJson,
  kOther,
};
inline constexpr int kValueTypes = 11;
std::string_view ValueTypeName(ValueType type);

// A set of value types; bit i is the type i.
using TypeSet = std::uint16_t;
constexpr TypeSet Bit(ValueType type) {
  return static_cast<TypeSet>(1U << static_cast<unsigned>(type));
}

// What holds for each use of a transformation, whatever its arguments.
struct TransformFacts {
  Op op;
  std::string_view name;
  std::string_view usage;  // with its parameters, as documentation writes it
  std::string_view gives;  // one line for people
  TypeSet types;           // what it can be applied to
  bool injective;      // different values (in canonical form, core/scope_keys.h) differ after it
  bool deterministic;  // a function of the value, the key and the context; never of the moment
  bool needs_key;
  bool needs_subject;
  bool needs_surrogates;
  bool needs_restricted_zips;

  // Keys and replica identities must still tell rows apart after it, on every replay.
  [[nodiscard]] constexpr bool fits_keys() const { return injective && deterministic; }
  [[nodiscard]] constexpr bool accepts(ValueType type) const { return (types & Bit(type)) != 0; }
};

// In the order of Op.
std::span<const TransformFacts> Transforms();

// A transformation with its arguments; those that it has not are as they stand here.
struct Transform {
  Op op = Op::kDrop;
  std::string text;          // redact: the replacement; partial: the fill, one character
  std::string scope;         // pseudonym, surrogate, date_shift; empty: the profile's own
  std::array<int, 2> n{};    // partial: prefix, suffix; ip: bits of v4, of v6; date_shift: days
  bool keep_domain = false;  // email
  Step step;                 // bucket, latlon

  [[nodiscard]] const TransformFacts& facts() const;
  bool operator==(const Transform&) const = default;
};

inline constexpr std::string_view kRedacted = "[REDACTED]";
// Date shifts beyond this many days would leave no season, and no century, to study.
inline constexpr int kMaxShiftDays = 3650;

// Throws Error 22023 with the position in the detail and what was probably meant in the hint.
Transform ParseTransform(std::string_view text);

class LabelReader;
// The same of a transformation that stands in a label; reads no further than its end.
Transform ReadTransform(LabelReader& reader);

// The canonical text: parsing it gives the same transformation, equal ones have equal texts.
std::string Format(const Transform& transform);

// Whether the class of a column says, or does not rule out, that its dates are dates of birth:
// their years are not shown of people of 90 and more.
bool MayBeBirth(ClassId tag_class);

// Whether the result depends on the commit time: dates that may be of birth.
bool NeedsCommitTime(const Transform& transform, ClassId tag_class);

// Error 42804 if it cannot be applied to values of this type, with those that can in the hint.
void CheckFits(const Transform& transform, ValueType type);

// Scopes stand in derived keys: 1 to 63 of a-z, 0-9 and _. Error 22023.
void CheckScope(std::string_view scope);

}  // namespace phisync
