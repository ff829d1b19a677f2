#include "sync/plan.h"

#include <algorithm>
#include <map>

#include "pg/boundary.h"
#include "pg/subtransaction.h"
#include "sync/defined.h"
#include "sync/sensitivity.h"

namespace phisync::sync {
namespace {

// The queries on the relation and on the partitioned tables above it.
List* ReadQueries(Relation relation) {
  List* queries = QueriesOn(RelationGetRelid(relation));
  if (relation->rd_rel->relispartition) {
    List* const ancestors = get_partition_ancestors(RelationGetRelid(relation));
    ListCell* cell;
    foreach (cell, ancestors) queries = list_concat(queries, QueriesOn(lfirst_oid(cell)));
  }
  return queries;
}

struct CompileRequest {
  Relation relation;
  const DefinedQuery* definition;
  Bitmapset* primary_key;
  CompiledQuery* result;
};

void CompileRequested(void* arg) {
  auto* const r = static_cast<CompileRequest*>(arg);
  const DefinedQuery* const definition = r->definition;
  Relation const defined_on = RelationIdGetRelation(definition->relation);
  if (!RelationIsValid(defined_on)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", definition->relation)));
  }
  r->result = CompileQuery(r->relation, defined_on, definition->text,
                           definition->of->parameter_names, r->primary_key);
  RelationClose(defined_on);
}

Output ToOutput(const CompiledOutput* from) {
  return {.key = from->key,
          .attnum = from->attnum,
          .expr = from->expr,
          .type = from->type,
          .masking = {}};
}

Parameter ToParameter(const CompiledParameter* from) {
  Parameter parameter{.name = from->name, .sources = {}};
  ListCell* cell;
  foreach (cell, from->sources) {
    const auto* const source = static_cast<CompiledSource*>(lfirst(cell));
    parameter.sources.push_back(
        {.attnum = source->attnum, .elements = source->elements, .type = source->type});
  }
  return parameter;
}

// A relation under one profile.
struct ProfileView {
  const char* refused_sqlstate = nullptr;  // null:
  std::shared_ptr<const profiles::Profile> profile;
  std::vector<profiles::Treatment> treatments;
  ColumnFates fates;
  bool hides_rows = false;
};

// The relation as the definitions on it look at it; each profile is asked once.
class Views {
 public:
  explicit Views(Relation relation) : relation_(relation) {}

  const ProfileView& Under(const char* profile) {
    const auto [found, is_new] = views_.try_emplace(profile);
    if (is_new) Load(found->second, profile);
    return found->second;
  }

  Masking MaskingOf(const ProfileView& view, AttrNumber column) {
    if (!tags_) tags_ = tags::EffectiveTags(RelationGetRelid(relation_));
    return sync::MaskingOf(relation_, column, view.treatments, *tags_);
  }

 private:
  // What nobody can make sense of lets nothing out.
  void Load(ProfileView& view, const char* name) {
    const Oid oid = RelationGetRelid(relation_);
    try {
      view.profile = std::make_shared<const profiles::Profile>(profiles::Require(name));
      view.treatments = profiles::TreatmentsOf(*view.profile, oid);
      view.fates = FatesOf(view.treatments);
      view.hides_rows = profiles::HidesRows(*view.profile, oid);
    } catch (const Error& error) {
      view.refused_sqlstate = error.sqlstate();
    }
  }

  Relation relation_;
  std::map<std::string, ProfileView, std::less<>> views_;
  std::optional<tags::RelationTags> tags_;
};

void AddOutputs(QueryPlan& plan, const CompiledQuery* query, const ProfileView& view,
                Views& views) {
  const auto masked = [&](const CompiledOutput* from) {
    Output output = ToOutput(from);
    output.masking = views.MaskingOf(view, from->attnum);
    return output;
  };
  ListCell* cell;
  foreach (cell, query->outputs) {
    const auto* const output = static_cast<CompiledOutput*>(lfirst(cell));
    switch (FateOf(view.fates, output)) {
      case Fate::kSent:
        plan.outputs.push_back(ToOutput(output));
        break;
      case Fate::kNulled:
      case Fate::kMasked:
        plan.outputs.push_back(masked(output));
        break;
      case Fate::kDropped:
      case Fate::kUnsayable:  // refused where the bucket is defined, but tags may have changed
                              // since
        plan.withheld.push_back(ToOutput(output));
        break;
    }
  }
  plan.id =
      FateOf(view.fates, query->id) == Fate::kMasked ? masked(query->id) : ToOutput(query->id);
}

void AddMaskedKey(QueryPlan& plan, List* key, const ProfileView& view, Views& views) {
  ListCell* cell;
  foreach (cell, key) {
    const auto attnum = static_cast<AttrNumber>(lfirst_int(cell));
    if (!bms_is_member(attnum, view.fates.coded)) continue;
    plan.masked_key.push_back({attnum, views.MaskingOf(view, attnum)});
  }
}

// Never in clear: without its key, a query gives nothing.
bool LacksKey(const QueryPlan& plan) {
  try {
    for (const Output& output : plan.outputs) {
      if (output.masking) RequireKey(output.masking->transform);
    }
    for (const MaskedKey& column : plan.masked_key) RequireKey(column.masking.transform);
    return false;
  } catch (const Error&) {
    return true;
  }
}

void AddRowCodes(QueryPlan& plan, Relation relation, const ColumnFates& fates) {
  for (int i = -1; (i = bms_next_member(fates.row_codes, i)) >= 0;) {
    const std::optional<RowCodes> codes = RowCodesOf(relation, static_cast<AttrNumber>(i));
    if (codes) {
      plan.row_codes.push_back(*codes);
    } else {
      // Nobody can tell what it says.
      plan.hides_rows = true;
    }
  }
}

QueryPlan MakePlan(Relation relation, const DefinedQuery* definition, List* key, Views& views) {
  QueryPlan plan;
  plan.bucket = definition->of->name;
  plan.ordinal = definition->ordinal;
  plan.relation = definition->relation;
  const ProfileView& view = views.Under(definition->of->profile);
  if (view.refused_sqlstate != nullptr) {
    plan.refused_sqlstate = view.refused_sqlstate;
    return plan;
  }
  Bitmapset* const primary_key = pg::Call([&] { return AsSet(key); });
  CompileRequest request{relation, definition, primary_key, nullptr};
  plan.refused_sqlstate = pg::SurviveInputError(CompileRequested, &request);
  if (plan.refused_sqlstate != nullptr) return plan;
  const CompiledQuery* const query = request.result;
  plan.type = query->type;
  if (FindExposure(view.fates, query, primary_key).part != Exposure::Part::kNone) {
    plan.refused_sqlstate = sqlstate::kInsufficientPrivilege;
    return plan;
  }
  QueryPlan sent;
  AddOutputs(sent, query, view, views);
  AddMaskedKey(sent, key, view, views);
  if (LacksKey(sent)) {
    plan.lacks_key = true;
    plan.refused_sqlstate = sqlstate::kObjectNotInPrerequisiteState;
    return plan;
  }
  plan.outputs = std::move(sent.outputs);
  plan.withheld = std::move(sent.withheld);
  plan.id = std::move(sent.id);
  plan.masked_key = std::move(sent.masked_key);
  ListCell* cell;
  foreach (cell, query->parameters) {
    plan.parameters.push_back(ToParameter(static_cast<CompiledParameter*>(lfirst(cell))));
  }
  plan.filter = query->filter;
  plan.profile = view.profile;
  plan.hides_rows = view.hides_rows;
  AddRowCodes(plan, relation, view.fates);
  return plan;
}

}  // namespace

RelationPlan CompileRelation(Relation relation, const std::vector<std::string>* buckets) {
  RelationPlan plan;
  plan.relation = RelationGetRelid(relation);
  List* const definitions = pg::Call([&] { return ReadQueries(relation); });
  if (definitions == NIL) return plan;
  List* const key = pg::Call([&] { return PrimaryKey(relation); });
  Views views(relation);
  ListCell* cell;
  foreach (cell, key) plan.primary_key.push_back(static_cast<AttrNumber>(lfirst_int(cell)));
  foreach (cell, definitions) {
    const auto* const definition = static_cast<DefinedQuery*>(lfirst(cell));
    if (buckets != nullptr &&
        std::find(buckets->begin(), buckets->end(), definition->of->name) == buckets->end()) {
      continue;
    }
    plan.queries.push_back(MakePlan(relation, definition, key, views));
  }
  std::sort(plan.queries.begin(), plan.queries.end(), [](const QueryPlan& a, const QueryPlan& b) {
    return a.bucket != b.bucket ? a.bucket < b.bucket : a.ordinal < b.ordinal;
  });
  return plan;
}

}  // namespace phisync::sync
