#pragma once
// What the words of a column's name say about what it holds.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect_words.h"
#include "core/tag_class.h"

namespace phisync::detect {

// What a table's content is about, as far as names tell. kLookup is folded into kOther.
struct Table {
  About about = About::kNothing;
  // Its rows are persons: its id names the person.
  bool of_persons = false;
  // Of a clinical table: what its codes and values are, such as clinical.dx; else kClassNone.
  ClassId content = kClassNone;
};

// From the words of the table's name and of its columns' names.
Table Judge(const std::vector<std::string>& table,
            std::span<const std::vector<std::string>> columns);

// A class that a name speaks for.
struct NameMatch {
  ClassId tag_class;
  double log_odds;                 // that the column holds this
  std::vector<std::string> words;  // that say so, all of the vocabulary
};

struct NameVerdict {
  About about = About::kNothing;   // the column's own owner, else the table's
  std::vector<NameMatch> matches;  // at most one for each class, the best first
  // Names whom the row is about: rank of the words that say so, the least the surest; 0: it does
  // not.
  int subject = 0;
  bool is_key = false;   // an id, of whatever
  bool is_meta = false;  // tells of another column
};

// Whether the table of this name has a row for each person or is about them.
bool IsAboutPersons(std::string_view table_name);

// What the server knows of a column beside its name.
struct Keys {
  bool primary = false;         // the table's primary key, alone
  bool names_a_person = false;  // refers to a table of persons
  bool names_another = false;   // refers to another row of the table itself
};

// `type_category` as in KindFitsType.
NameVerdict JudgeName(const Table& table, const std::vector<std::string>& words, char type_category,
                      Keys keys = {});

// Whether a rule, for a column or for a key or a table, has this word.
bool IsRuleWord(std::string_view word);

}  // namespace phisync::detect
