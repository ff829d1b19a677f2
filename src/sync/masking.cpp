#include "sync/masking.h"

#include "core/label.h"
#include "masks/keys.h"
#include "pg/boundary.h"

namespace phisync::sync {
namespace {

// The column that the label names with `of`, else the only one that the relation has for it.
AttrNumber SubjectOf(Relation relation, const std::string& label, const tags::RelationTags& tags) {
  const std::string of = label.empty() ? std::string() : ParseColumnLabel(label).of;
  if (!of.empty()) {
    AttrNumber const named =
        pg::Call([&] { return get_attnum(RelationGetRelid(relation), of.c_str()); });
    return named > 0 ? named : AttrNumber{0};
  }
  AttrNumber subject = 0;
  for (std::size_t i = 0; i < tags.columns.size(); ++i) {
    if (!tags.columns[i].subject) continue;
    if (subject != 0) return 0;
    subject = static_cast<AttrNumber>(i + 1);
  }
  return subject;
}

}  // namespace

Masking MaskingOf(Relation relation, AttrNumber column,
                  const std::vector<profiles::Treatment>& treatments,
                  const tags::RelationTags& tags) {
  const auto i = static_cast<std::size_t>(column) - 1;
  const profiles::Treatment& treatment = treatments[i];
  Masking masking{
      .transform = treatment.transform, .tag_class = treatment.tag_class, .type = treatment.type};
  if (treatment.unclassified) {
    // What nobody has looked at may be anything: a date one of birth.
    const bool date = masking.type == ValueType::kDate || masking.type == ValueType::kTimestamp ||
                      masking.type == ValueType::kTimestamptz;
    masking.tag_class = FindClass(date ? "date" : "freetext");
  }
  if (masking.transform.facts().needs_subject) {
    masking.subject = SubjectOf(relation, tags.columns[i].label, tags);
  }
  return masking;
}

void RequireKey(const Transform& transform) {
  if (transform.facts().needs_key) masks::KeysOf(transform.scope);
}

}  // namespace phisync::sync
