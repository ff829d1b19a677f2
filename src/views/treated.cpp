#include "views/treated.h"

#include "pg/boundary.h"
#include "pg/catalog.h"
#include "sync/masking.h"
#include "tags/tags.h"

namespace phisync::views {
namespace {

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

// With the classes that count for columns without one, and subjects where they matter.
std::vector<sync::Masking> MaskingsOf(Oid oid, std::vector<profiles::Treatment>& treatments) {
  const tags::RelationTags tags = tags::EffectiveTags(oid);
  Relation const relation = pg::Call([&] { return relation_open(oid, AccessShareLock); });
  std::vector<sync::Masking> maskings;
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    maskings.push_back(sync::MaskingOf(relation, static_cast<AttrNumber>(i + 1), treatments, tags));
    treatments[i].tag_class = maskings[i].tag_class;
  }
  pg::Call([&] { relation_close(relation, AccessShareLock); });
  return maskings;
}

}  // namespace

Treated TreatedBy(const profiles::Profile& profile, Oid relation) {
  Treated treated;
  List* const family = pg::Call([&] { return find_all_inheritors(relation, NoLock, nullptr); });
  std::vector<profiles::Treatment> own = profiles::TreatmentsOf(profile, relation);
  const std::vector<sync::Masking> maskings = MaskingsOf(relation, own);
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
    column.subject = maskings[i].subject;
  }
  for (int i = 0; i < list_length(family); ++i) {
    const Oid heir = list_nth_oid(family, i);
    treated.family.push_back(heir);
    treated.hides_rows = treated.hides_rows || profiles::HidesRows(profile, heir);
    if (heir == relation) continue;
    std::vector<profiles::Treatment> heirs = profiles::TreatmentsOf(profile, heir);
    MaskingsOf(heir, heirs);
    for (TreatedColumn& column : treated.columns) {
      const AttrNumber number = pg::Call([&] { return get_attnum(heir, column.name.c_str()); });
      if (number <= 0) continue;
      Join(column.treatment, heirs[static_cast<std::size_t>(number) - 1]);
    }
  }
  return treated;
}

}  // namespace phisync::views
