// What a profile makes of each column of a relation.

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/label.h"
#include "masks/datum.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/types.h"
#include "profiles/profiles.h"
#include "tags/tags.h"

namespace phisync::profiles {
namespace {

Transform Made(Op op) {
  Transform transform;
  transform.op = op;
  return transform;
}

bool ConsentsToAll(const Profile& profile, std::uint32_t sens, bool part2) {
  const std::vector<std::string_view> codes = SensitivitiesOf(sens, part2);
  return std::all_of(codes.begin(), codes.end(),
                     [&](std::string_view code) { return profile.ConsentsTo(code); });
}

// The label leaves it out whatever the rules.
bool IsWithheld(const Profile& profile, const ColumnLabel& limits) {
  return limits.drop || limits.conf > profile.clearance ||
         !ConsentsToAll(profile, limits.sens, limits.part2);
}

struct Attribute {
  const char* name;
  Oid type;  // InvalidOid: dropped
};

Attribute ReadAttribute(Oid relation, AttrNumber number) {
  Attribute attribute = {nullptr, InvalidOid};
  HeapTuple const row = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(number));
  if (!HeapTupleIsValid(row)) return attribute;
  const auto* const form = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(row));
  if (!form->attisdropped) attribute = {pstrdup(NameStr(form->attname)), form->atttypid};
  ReleaseSysCache(row);
  return attribute;
}

// The tables that it is a partition of or inherits from, in their order.
List* Parents(Oid relation) {
  List* parents = NIL;
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  Relation const inherits = table_open(InheritsRelationId, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
  while (HeapTuple const row = systable_getnext(scan)) {
    parents = lappend_oid(parents, reinterpret_cast<Form_pg_inherits>(GETSTRUCT(row))->inhparent);
  }
  systable_endscan(scan);
  table_close(inherits, AccessShareLock);
  return parents;
}

// A profile's rules for columns, as they concern one relation.
class ColumnRules {
 public:
  ColumnRules(const Profile& profile, Oid relation) : profile_(profile) {
    if (!profile.columns.empty()) Gather(relation);
  }

  // A rule names a column that its relation has not.
  [[nodiscard]] bool lost() const { return lost_; }

  // The relation's own rule for the column, else that of those above it; drop where these differ.
  [[nodiscard]] std::optional<Transform> For(Oid relation, const std::string& column) const {
    for (const ColumnRule& rule : profile_.columns) {
      if (rule.relation == relation && rule.column == column) return rule.transform;
    }
    std::optional<Transform> joint;
    for (const Above& above : above_) {
      if (above.relation != relation) continue;
      const std::optional<Transform> other = For(above.parent, column);
      if (other) joint = joint && *joint != *other ? Made(Op::kDrop) : *other;
    }
    return joint;
  }

 private:
  struct Above {
    Oid relation;
    Oid parent;
  };

  void Gather(Oid relation) {
    for (const ColumnRule& rule : profile_.columns) {
      if (rule.relation != relation) continue;
      const AttrNumber number = pg::Call([&] { return get_attnum(relation, rule.column.c_str()); });
      lost_ = lost_ || number <= 0;
    }
    List* const parents = pg::Call([&] {
      check_stack_depth();
      return Parents(relation);
    });
    for (int i = 0; i < list_length(parents); ++i) {
      above_.push_back({relation, list_nth_oid(parents, i)});
      Gather(list_nth_oid(parents, i));
    }
  }

  const Profile& profile_;
  std::vector<Above> above_;
  bool lost_ = false;
};

[[noreturn]] void RefuseUnclassified(Oid relation, const char* column) {
  const char* const name = pg::Call([&] { return get_rel_name(relation); });
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              std::string("column \"") + column + "\" of relation \"" + name + "\" is unclassified",
              "The relation's label says default=error: nothing of it is sent until each column "
              "has a class.",
              "Classify the column with phisync.tag, or change the label.");
}

Transform Unclassifieds(const Profile& profile, Unclassified said, ValueType type) {
  return said == Unclassified::kKeep ? Made(Op::kKeep) : profile.rules.OnUnclassified(type);
}

Transform OfClass(const Profile& profile, const ColumnLabel& label, ValueType type) {
  const bool has_rule = profile.built_in || profile.rules.Find(label.tag_class) != nullptr;
  if (has_rule || label.transform.empty()) return profile.rules.On(label.tag_class, type);
  return Fitting(ParseTransform(label.transform), type);
}

}  // namespace

std::vector<Treatment> TreatmentsOf(const Profile& profile, Oid relation) {
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  const ColumnRules own(profile, relation);
  std::vector<Treatment> treatments(tags.columns.size());
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    const tags::ColumnTag& tag = tags.columns[i];
    const Attribute attribute =
        pg::Call([&] { return ReadAttribute(relation, static_cast<AttrNumber>(i + 1)); });
    Treatment& treatment = treatments[i];
    treatment.transform = Made(Op::kKeep);
    if (!OidIsValid(attribute.type)) continue;
    treatment.type = masks::ValueTypeOf(attribute.type);
    const ColumnLabel label = tag.label.empty() ? ColumnLabel() : ParseColumnLabel(tag.label);
    treatment.rows = tag.row_codes;
    if (!tag.phi) continue;
    treatment.phi = true;
    treatment.tag_class = label.tag_class;
    treatment.unclassified = !label.phi();
    if (treatment.unclassified && tags.unclassified == Unclassified::kError) {
      RefuseUnclassified(relation, attribute.name);
    }
    if (own.lost() || IsWithheld(profile, tag.limits)) {
      treatment.transform = Made(Op::kDrop);
    } else if (const auto rule = own.For(relation, attribute.name)) {
      treatment.transform = Fitting(*rule, treatment.type);
    } else if (treatment.unclassified) {
      const Unclassified said = tag.unanswered ? tags.unclassified : Unclassified::kOmit;
      treatment.transform = Unclassifieds(profile, said, treatment.type);
    } else if (tag.source == tags::Source::kGenerated) {
      // What it is made of may be withheld by rules or labels of its own, of which the class says
      // nothing: without a label it gets what the profile gives of anything.
      treatment.transform = profile.rules.OnUnclassified(treatment.type);
    } else {
      treatment.transform = OfClass(profile, label, treatment.type);
    }
    const TransformFacts& facts = treatment.transform.facts();
    if ((facts.needs_key || facts.needs_surrogates) && treatment.transform.scope.empty()) {
      treatment.transform.scope = profile.scope;
    }
  }
  return treatments;
}

bool HidesRows(const Profile& profile, Oid relation) {
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  return tags.conf > profile.clearance || !ConsentsToAll(profile, tags.sens, tags.part2);
}

}  // namespace phisync::profiles
