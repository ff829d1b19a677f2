#pragma once
// What a place that tags come from says of a column, and how several of them are taken together.

#include "core/label.h"
#include "tags/tags.h"

namespace phisync::tags {

// What one of the places says that a tag can come from.
struct Answer {
  enum Rank { kNothing, kNone, kUnclassified, kPhi };
  Rank rank = kNothing;
  // Somebody has tagged it, or a part of it, phi:*. If it is unclassified all the same, it is made
  // of columns of several classes, or also of one without.
  bool tagged = false;
  // Unclassified for another reason than that nobody has said anything of it.
  bool untold = false;
  bool generated = false;  // no label says it, here or above, but the column's expression
  ColumnLabel label;       // of kNone and kPhi; whether it holds codes of rows, always
  bool subject = false;
  bool own_subject = false;  // the column's own label says so
  Source source = Source::kNone;
  Oid origin = InvalidOid;

  // Joins what another parent, or another column that a view reads, says. What is made of several
  // classes has none: of two classes neither is the stricter for every profile.
  void Join(const Answer& other);

  // An own label can say more than the parents do, not less: whoever reads through the parent, or
  // writes, counts on its tags.
  void RaiseTo(const Answer& above);
};

}  // namespace phisync::tags
