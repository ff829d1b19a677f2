#pragma once
// The list of names that say what a column holds.

#include <cstdint>
#include <span>
#include <string_view>

namespace phisync::detect {

// How much a name says by itself.
enum class Strength : std::uint8_t {
  kCertain,    // wherever it stands
  kPersonal,   // of a person, if the row is about one
  kAmbiguous,  // of a person or of much else
  kHealth,     // health content in a patient's row
  kContent,    // health content in the tables for it alone
  kProse,      // text in which anything may stand
  kDay,        // a date of what happened
};

struct Rule {
  std::string_view words;  // all of them, in any order; after '=': these and, but for words on
                           // whom the column is about and numbers, no others
  std::string_view text;   // the class
  Strength strength;
};

std::span<const Rule> NameRules();

// Whether a rule has this word.
bool IsInNameRule(std::string_view word);

// The words of all rules, in the order of the alphabet, some more than once.
std::span<const std::string_view> NameRuleWords();

}  // namespace phisync::detect
