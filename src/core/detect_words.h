#pragma once
// The words of identifiers, for detection: MED_REC_NO and medRecNo are "medical record number".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phisync::detect {

// Whom or what a word says a table or a column is about.
enum class About : std::uint8_t {
  kNothing,
  kPerson,    // patients, members and those around them
  kMaybe,     // persons who may be patients: customers, users
  kClinical,  // what happens to patients: visits, results, claims
  kStaff,     // those who treat
  kPlace,     // organizations and their parts
  kOther,     // goods, money, machines
  kLookup,    // of a table alone: lists of codes
};

// Lower-case words in their order: split at what is no letter or digit, at aB and ABc, and between
// letters and digits; abbreviations expanded, vowels put back (srnm), plurals made singular, words
// that were written together (birthdate, PATFNAME, mothersname) taken apart where all parts are
// known. Bytes beyond ASCII count as
// letters. At most 16 words.
std::vector<std::string> Words(std::string_view identifier);

// Whether the word is in the vocabulary. Such words can be shown; others may be data.
bool IsKnownWord(std::string_view word);

// What the abbreviation or word of another language stands for, words separated by blanks; empty if
// it is none.
std::string_view Meaning(std::string_view word);

// Whether an abbreviation stands for this word, perhaps beside others.
bool IsInMeaning(std::string_view word);

// The one word of the vocabulary that is written so without its vowels: diagnosis for dgns, birth
// for brth. Empty if there is none or more than one.
std::string_view WithoutVowels(std::string_view consonants);

About AboutOf(std::string_view word);

// Whether the word tells of another column instead of holding data: type, status, verified.
bool IsMetaWord(std::string_view word);

}  // namespace phisync::detect
