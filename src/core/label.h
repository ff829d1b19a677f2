#pragma once
// Security labels of the provider phisync: what a column, a table or a schema holds.
//
//   column := item (';' item)*            exactly one class, each key at most once
//   item   := class | key ['=' value]
//   class  := 'none' | 'phi:' kind ['.' part]                                    core/tag_class.h
//   key    := conf=U|L|M|N|R|V  sens=CODE,...  part2=yes  quasi=yes  subject[=role]  of=column
//             x=transformation[(argument,...)]  policy=drop|keep  rows=sens
//             policy=keep is another way to write x=keep. A column that is none takes no sens,
//             part2, x, policy and no conf above N, which would decide nothing.
//   table  := 'phi' | 'none', then  default=omit|error|keep  conf=..  sens=..  part2=yes  aad=name
//             subject=column
//   schema := 'phi' | 'none', then  default=..  conf=..
//
// Blanks around items are ignored. Words are lower-case, HL7 codes upper-case; column names are
// written as in SQL. A label is at most 255 bytes. Parsers throw Error 22023 with the position (in
// characters, from 1) in the detail and what was probably meant in the hint.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sensitivity_codes.h"
#include "core/tag_class.h"

namespace phisync {

inline constexpr std::size_t kMaxLabelBytes = 255;

struct ColumnLabel {
  ClassId tag_class = kClassNone;
  Confidentiality conf = Confidentiality::kNormal;  // kRestricted by default if sens is set
  std::uint32_t sens = 0;                           // bit i: SensitivityCodes()[i]
  bool part2 = false;                               // 42 CFR part 2: substance use disorder records
  bool quasi = false;                               // identifies in combination with others
  std::optional<std::string> subject;  // holds the subject's id; the role, which may be empty
  std::string of;         // the column with the id of this cell's subject; empty: the table's
  std::string transform;  // "date_shift(30)"; empty: the profile decides
  bool drop = false;      // policy=drop: no profile gives it, whatever its rules
  bool rows = false;      // holds the codes of the row's own sensitivity

  [[nodiscard]] bool phi() const { return tag_class != kClassNone; }
  bool operator==(const ColumnLabel&) const = default;
};

// What a stream does with a column of the table that is unclassified, weakest first.
enum class Unclassified : std::uint8_t { kKeep, kOmit, kError };

struct TableLabel {
  bool phi = false;  // false: "none"
  Unclassified unclassified = Unclassified::kOmit;
  Confidentiality conf = Confidentiality::kNormal;  // kRestricted by default if sens is set
  std::uint32_t sens = 0;  // of every row of a table: bit i: SensitivityCodes()[i]
  bool part2 = false;      // every row is a record under 42 CFR part 2
  std::string aad;         // stable name of the table in encrypted cells; empty: its own
  std::string subject;     // column with the subject's id; empty: none named here
  bool operator==(const TableLabel&) const = default;
};

ColumnLabel ParseColumnLabel(std::string_view text);
TableLabel ParseTableLabel(std::string_view text);
TableLabel ParseSchemaLabel(std::string_view text);

// The canonical text: parsing it gives the same label, and equal labels have equal texts.
std::string Format(const ColumnLabel& label);
std::string Format(const TableLabel& label);

// The same without what does not decide what consumers get: quasi and aad. Labels with equal texts
// let the same through.
std::string DecidingText(ColumnLabel label);
std::string DecidingText(TableLabel label);

// The label that is at least as strict as both; what a column gets from several parents.
// Commutative, associative, idempotent. `of` and `transform` stay only where both agree. Of two
// classes it has the later; which is the stricter depends on the profile, so that whoever joins
// different ones treats the column as unclassified.
ColumnLabel Strictest(const ColumnLabel& a, const ColumnLabel& b);

// What of it holds whatever the class, also where several leave the column without one: conf, sens,
// part2 and policy=drop; class none.
ColumnLabel LimitsOf(const ColumnLabel& label);

}  // namespace phisync
