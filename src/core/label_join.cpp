// What several labels say together, and what of one decides.

#include <algorithm>

#include "core/label.h"

namespace phisync {

std::string DecidingText(ColumnLabel label) {
  label.quasi = false;
  return Format(label);
}

std::string DecidingText(TableLabel label) {
  label.aad.clear();
  return Format(label);
}

ColumnLabel Strictest(const ColumnLabel& a, const ColumnLabel& b) {
  ColumnLabel strict;
  strict.tag_class = std::max(a.tag_class, b.tag_class);
  strict.conf = std::max(a.conf, b.conf);
  strict.sens = a.sens | b.sens;
  strict.part2 = a.part2 || b.part2;
  strict.quasi = a.quasi || b.quasi;
  if (a.subject && b.subject) {
    strict.subject = *a.subject == *b.subject ? *a.subject : std::string();
  } else {
    strict.subject = a.subject ? a.subject : b.subject;
  }
  if (a.of == b.of) strict.of = a.of;
  if (a.transform == b.transform) strict.transform = a.transform;
  strict.drop = a.drop || b.drop;
  strict.rows = a.rows || b.rows;
  return strict;
}

ColumnLabel LimitsOf(const ColumnLabel& label) {
  ColumnLabel limits;
  limits.conf = label.conf;
  limits.sens = label.sens;
  limits.part2 = label.part2;
  limits.drop = label.drop;
  return limits;
}

}  // namespace phisync
