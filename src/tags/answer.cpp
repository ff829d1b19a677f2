#include "tags/answer.h"

#include <algorithm>

#include "core/label_change.h"

namespace phisync::tags {

void Answer::Join(const Answer& other) {
  const bool both = rank != kNothing && other.rank != kNothing;
  const bool mixed = rank == kPhi && other.rank == kPhi && label.tag_class != other.label.tag_class;
  const bool open = rank == kUnclassified || other.rank == kUnclassified;
  const bool leads =
      other.rank > rank || (other.rank == rank && other.label.tag_class > label.tag_class);
  if (leads || origin == InvalidOid) {
    source = other.source;
    origin = other.origin;
  }
  generated = other.generated && (generated || rank == kNothing);
  label = both ? Strictest(label, other.label) : (rank != kNothing ? label : other.label);
  rank = mixed || open ? kUnclassified : std::max(rank, other.rank);
  tagged = tagged || other.tagged;
  untold = untold || other.untold;
  subject = subject || other.subject;
}

void Answer::RaiseTo(const Answer& above) {
  label.rows = label.rows || above.label.rows;
  if (!above.tagged) return;
  if (above.rank == kUnclassified || rank == kUnclassified) {
    label = Strictest(label, above.label);
    rank = kUnclassified;
  } else if (rank == kPhi && Weaker(above.label, label).empty()) {
    return;
  } else {
    const bool class_above = ClassGivesMore(above.label.tag_class, label.tag_class);
    const ClassId tag_class = class_above ? above.label.tag_class : label.tag_class;
    label = Strictest(label, above.label);
    label.tag_class = tag_class;
    rank = kPhi;
    if (!class_above) return;
  }
  tagged = true;
  source = above.source;
  origin = above.origin;
}

}  // namespace phisync::tags
