#include "views/treated.h"

#include <algorithm>

#include "core/label.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "tags/tags.h"

namespace phisync::views {
namespace {

// What nobody has looked at may be anything: a date one of birth.
void Classify(profiles::Treatment& treatment) {
  if (!treatment.unclassified) return;
  const bool date = treatment.type == ValueType::kDate || treatment.type == ValueType::kTimestamp ||
                    treatment.type == ValueType::kTimestamptz;
  treatment.tag_class = FindClass(date ? "date" : "freetext");
}

// The stricter of both where one keeps the value, else drop where they differ.
void Join(profiles::Treatment& own, const profiles::Treatment& heirs) {
  own.rows = own.rows || heirs.rows;
  if (own.transform == heirs.transform && own.tag_class == heirs.tag_class) return;
  if (heirs.transform.op == Op::kKeep) return;
  const bool keeps = own.transform.op == Op::kKeep;
  const bool rows = own.rows;
  own = heirs;
  own.rows = rows;
  if (!keeps) own.transform = Transform{};
}

// The column that the label names with `of`, else the only one that the relation has for it.
AttrNumber SubjectOf(Oid relation, const std::string& label, const tags::RelationTags& tags) {
  const std::string of = label.empty() ? std::string() : ParseColumnLabel(label).of;
  if (!of.empty()) {
    const AttrNumber named = pg::Call([&] { return get_attnum(relation, of.c_str()); });
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

struct Attribute {
  const char* name;  // null: dropped
  Oid type;
  int32 typmod;
  bool generated;
};

Attribute ReadAttribute(Oid relation, AttrNumber number) {
  Attribute attribute{};
  HeapTuple const row = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(number));
  if (!HeapTupleIsValid(row)) return attribute;
  const auto* const form = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(row));
  if (!form->attisdropped) {
    attribute = {pstrdup(NameStr(form->attname)), form->atttypid, form->atttypmod,
                 form->attgenerated != '\0'};
  }
  ReleaseSysCache(row);
  return attribute;
}

}  // namespace

Treated TreatedBy(const profiles::Profile& profile, Oid relation) {
  Treated treated;
  List* const family = pg::Call([&] { return find_all_inheritors(relation, NoLock, nullptr); });
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  const std::vector<profiles::Treatment> own = profiles::TreatmentsOf(profile, relation);
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto number = static_cast<AttrNumber>(i + 1);
    const Attribute attribute = pg::Call([&] { return ReadAttribute(relation, number); });
    if (attribute.name == nullptr) continue;
    TreatedColumn& column = treated.columns.emplace_back();
    column.number = number;
    column.name = attribute.name;
    column.type = attribute.type;
    column.typmod = attribute.typmod;
    column.generated = attribute.generated;
    column.treatment = own[i];
    Classify(column.treatment);
    column.subject = SubjectOf(relation, tags.columns[i].label, tags);
  }
  for (int i = 0; i < list_length(family); ++i) {
    const Oid heir = list_nth_oid(family, i);
    treated.family.push_back(heir);
    treated.hides_rows = treated.hides_rows || profiles::HidesRows(profile, heir);
    if (heir == relation) continue;
    const std::vector<profiles::Treatment> heirs = profiles::TreatmentsOf(profile, heir);
    for (TreatedColumn& column : treated.columns) {
      const AttrNumber number = pg::Call([&] { return get_attnum(heir, column.name.c_str()); });
      if (number <= 0) continue;
      profiles::Treatment treatment = heirs[static_cast<std::size_t>(number) - 1];
      Classify(treatment);
      Join(column.treatment, treatment);
    }
  }
  return treated;
}

}  // namespace phisync::views
