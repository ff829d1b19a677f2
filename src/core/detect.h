#pragma once
// What a column probably holds, from its name, its table and how its values look.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/detect_rules.h"
#include "core/detect_values.h"

namespace phisync::detect {

// From here on a suggestion may be applied; from kReview on a person should look.
inline constexpr double kApply = 0.9;
inline constexpr double kReview = 0.5;

// A column, and what was seen of it. A JSON column has the values of its members instead.
struct Column {
  std::string name;
  char type_category = 'S';  // pg_type.typcategory, of the element for an array
  bool json = false;         // or a composite type: it has members
  Keys keys;
  Values values;
  std::map<std::string, Values, std::less<>> members;  // by key, of the objects at the top

  // Values of a member; null past kMaxMembers, or for a key that is no plausible name.
  Values* Member(std::string_view key);
  static constexpr std::size_t kMaxMembers = 100;
};

struct Finding {
  ClassId tag_class = kClassNone;  // never kClassNone in what Detect returns
  double confidence = 0;           // kReview and more
  bool subject = false;            // names whom the row is about
  // {"words": [...], "about": "person", "values": 10, "distinct": 9, "hits": {"ssn": 0.98}, ...}:
  // words of the vocabulary and counts, never a value; "key": it is a foreign key to persons, or
  // the primary key of a table of them. JSON text.
  std::string evidence;
  std::string label;  // to suggest
};

// One finding for each column, in their order; tag_class none where nothing was found.
// `has_subject`: the table has one already. At most one column is suggested as the subject.
std::vector<Finding> Detect(std::string_view table, const std::vector<Column>& columns,
                            bool has_subject);

// The class to propose for each column if it must be classified: what its name says, else the
// broadest class that fits the type; never none.
std::vector<ClassId> Propose(std::string_view table, const std::vector<Column>& columns);

}  // namespace phisync::detect
