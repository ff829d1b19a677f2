#pragma once
// Tags that say less than before: who may make them so, and the record of it.

#include <optional>
#include <string>
#include <vector>

#include "tags/resolver.h"

namespace phisync::tags {

// Whether the current user is a member of phisync_officer; superusers are. Throws.
bool IsOfficer();

// One column whose tag became weaker.
struct WeakerTag {
  AttrNumber number;
  std::string column;
  std::string before;  // the label as it took effect, or "unclassified"
  std::string after;   // the same; "": no PHI
  std::string why;     // a sentence
};

// The columns of a relation whose effective tags say less in `after` than in `before`. Classifying
// a column that nobody has tagged is not weaker, whatever it is classified as.
std::vector<WeakerTag> WeakerTags(const Resolver::Resolved& before,
                                  const Resolver::Resolved& after);

// Refuses a label in place of the one that is there (null: none) if that takes protection away and
// the current user is no officer; records it in the audit trail, in the current transaction, if he
// is. Throws 42501.
void AllowOrRefuse(const ObjectAddress& object, const char* text);

}  // namespace phisync::tags
