#include "profiles/check.h"

#include <algorithm>

#include "core/label.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/spi.h"
#include "tags/tags.h"

namespace phisync::profiles {
namespace {

// Relations with PHI, by name.
List* RelationsWithPhi() {
  MemoryContext const memory = CurrentMemoryContext;
  List* relations = NIL;
  SPI_connect();
  if (SPI_execute("SELECT t.relation::pg_catalog.oid FROM phisync.effective_tags() t "
                  "GROUP BY t.relation ORDER BY t.relation::pg_catalog.text COLLATE \"C\"",
                  true, 0) != SPI_OK_SELECT) {
    elog(ERROR, "could not read the tags");
  }
  for (uint64 i = 0; i < SPI_processed; i++) {
    bool isnull;
    Datum const oid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
    MemoryContext const inner = MemoryContextSwitchTo(memory);
    relations = lappend_oid(relations, DatumGetObjectId(oid));
    MemoryContextSwitchTo(inner);
  }
  SPI_finish();
  return relations;
}

std::string ColumnName(Oid relation, AttrNumber column) {
  return pg::Call([&] {
    return psprintf("%s.%s",
                    quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                               get_rel_name(relation)),
                    quote_identifier(get_attname(relation, column, false)));
  });
}

bool IsPartOfAnother(Oid relation) {
  return pg::Call([&] {
    return get_rel_relispartition(relation) || get_rel_relkind(relation) == RELKIND_VIEW ||
           get_rel_relkind(relation) == RELKIND_MATVIEW;
  });
}

bool HasRule(const Profile& profile, Oid relation, const char* column) {
  return std::any_of(profile.columns.begin(), profile.columns.end(), [&](const ColumnRule& rule) {
    return rule.relation == relation && rule.column == column;
  });
}

// A column is told of where the label or rule stands, not again in each partition and view.
bool IsOfInterest(const Profile& profile, Oid relation, AttrNumber column,
                  const tags::ColumnTag& tag) {
  if (!IsPartOfAnother(relation) || tag.origin == relation) return true;
  return HasRule(profile, relation, pg::Call([&] { return get_attname(relation, column, false); }));
}

std::optional<Violation> CheckColumn(const Treatment& treatment, Standard standard) {
  return treatment.unclassified ? CheckUnclassifiedRule(treatment.transform, standard)
                                : CheckRule(treatment.tag_class, treatment.transform, standard);
}

// The rule for its class would have done the same, and has been told of.
bool IsAsItsClass(const Profile& profile, const Treatment& treatment) {
  Transform same = treatment.unclassified ? profile.rules.OnUnclassified(treatment.type)
                                          : profile.rules.On(treatment.tag_class, treatment.type);
  const TransformFacts& facts = same.facts();
  if ((facts.needs_key || facts.needs_surrogates) && same.scope.empty()) same.scope = profile.scope;
  return same == treatment.transform;
}

bool IsQuasiIdentifier(const tags::ColumnTag& tag) {
  return !tag.label.empty() && ParseColumnLabel(tag.label).quasi;
}

// Calls fn(column, its treatment, its tag) for the columns of interest.
template <typename Fn>
void ForEachColumn(const Profile& profile, Oid relation, Fn fn) {
  std::vector<Treatment> treatments;
  try {
    treatments = TreatmentsOf(profile, relation);
  } catch (const Error&) {
    // default=error: nothing of it is sent.
    return;
  }
  const tags::RelationTags tags = tags::EffectiveTags(relation);
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    const auto column = static_cast<AttrNumber>(i + 1);
    if (tags.columns[i].text.empty()) continue;
    if (!IsOfInterest(profile, relation, column, tags.columns[i])) continue;
    fn(column, treatments[i], tags.columns[i]);
  }
}

void CheckRelation(const Profile& profile, Oid relation, Standard standard,
                   std::vector<Violation>* violations) {
  ForEachColumn(profile, relation,
                [&](AttrNumber column, const Treatment& treatment, const tags::ColumnTag&) {
                  if (!treatment.phi || IsAsItsClass(profile, treatment)) return;
                  std::optional<Violation> violation = CheckColumn(treatment, standard);
                  if (!violation) return;
                  violation->subject = ColumnName(relation, column);
                  violations->push_back(std::move(*violation));
                });
}

}  // namespace

Standard ParseStandard(std::string_view name) {
  if (name == kSafeHarborName) return Standard::kSafeHarbor;
  if (name == kLimitedDataSetName) return Standard::kLimitedDataSet;
  throw Error(sqlstate::kInvalidParameterValue, "unknown standard \"" + std::string(name) + "\"",
              "A profile is checked against 45 CFR 164.514(b)(2) or (e)(2).",
              "Use safe_harbor or limited_dataset, or null for both.");
}

std::vector<Violation> ViolationsOf(const Profile& profile, Standard standard) {
  std::vector<Violation> violations = Violations(profile.rules, standard);
  List* const relations = pg::Call([] { return RelationsWithPhi(); });
  for (int i = 0; i < list_length(relations); ++i) {
    CheckRelation(profile, list_nth_oid(relations, i), standard, &violations);
  }
  // What is de-identified is no longer a record of part 2; a limited data set is.
  if (standard == Standard::kLimitedDataSet && profile.ConsentsTo(kPart2Code)) {
    violations.push_back({"consent to " + std::string(kPart2Code), "keep", "42 CFR 2.31",
                          "Records of substance use treatment need the patients' written consent.",
                          "alter_profile without it, or such consents on file"});
  }
  return violations;
}

std::vector<Violation> AdviceOn(const Profile& profile, Standard standard) {
  std::vector<Violation> advice;
  if (standard != Standard::kSafeHarbor) return advice;
  List* const relations = pg::Call([] { return RelationsWithPhi(); });
  for (int i = 0; i < list_length(relations); ++i) {
    const Oid relation = list_nth_oid(relations, i);
    if (HidesRows(profile, relation)) continue;
    ForEachColumn(
        profile, relation,
        [&](AttrNumber column, const Treatment& treatment, const tags::ColumnTag& tag) {
          if (treatment.transform.op != Op::kKeep || !IsQuasiIdentifier(tag)) return;
          if (treatment.phi && CheckColumn(treatment, standard)) return;
          advice.push_back({ColumnName(relation, column), "keep", "164.514(b)(2)(ii)",
                            "Together with other columns it may identify somebody.",
                            "drop, null, coarser values, or a look at who could be known by it"});
        });
  }
  return advice;
}

}  // namespace phisync::profiles
