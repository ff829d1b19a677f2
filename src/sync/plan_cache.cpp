#include "sync/plan_cache.h"

#include <algorithm>

#include "core/checksum.h"
#include "core/json.h"
#include "masks/keys.h"
#include "masks/zips.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/expression.h"
#include "pg/identity.h"
#include "sync/lookup.h"
#include "sync/policy.h"

namespace phisync::sync {
namespace {

// The server calls the callback as long as the process lives, also when nothing is decoded.
PlanCache* active_cache = nullptr;

void OnRelcacheInvalidation(Datum, Oid relation) {
  if (active_cache != nullptr) active_cache->Invalidate(relation);
}

std::unique_ptr<MaskedColumn> MakeMasked(const Masking& masking, AttrNumber attnum, TupleDesc desc,
                                         const EncodeOptions& options, MemoryContext memory) {
  const auto type = [&](AttrNumber column) {
    if (column == 0) return InvalidOid;
    return pg::Call([&] { return getBaseType(TupleDescAttr(desc, column - 1)->atttypid); });
  };
  return std::make_unique<MaskedColumn>(masking, attnum, type(attnum), type(masking.subject),
                                        options, memory);
}

Field MakeField(const Output& output, TupleDesc desc, MemoryContext memory,
                const EncodeOptions& options) {
  ByteBuffer member;
  member.Append(',');
  AppendJsonKey(member, output.key);
  ExprState* expr = nullptr;
  Bitmapset* reads = nullptr;
  pg::Call([&] {
    if (output.masking && output.masking->transform.op == Op::kNull) return;
    if (output.expr == nullptr) {
      reads = bms_make_singleton(output.attnum);
      if (output.masking && output.masking->subject != 0) {
        reads = bms_add_member(reads, output.masking->subject);
      }
    } else {
      expr = ExecInitExpr(reinterpret_cast<Expr*>(output.expr), nullptr);
      reads = pg::ColumnsRead(output.expr);
    }
  });
  return {.output = &output,
          .member = Stamp(member.view()),
          .expr = expr,
          .reads = reads,
          .encoder = ValueEncoder(output.type, options, memory),
          .masked = output.masking
                        ? MakeMasked(*output.masking, output.attnum, desc, options, memory)
                        : nullptr};
}

SourceField MakeSource(const ParameterSource& source, MemoryContext memory) {
  SourceField field{
      .attnum = source.attnum, .array = {}, .encoder = ValueEncoder(source.type, {}, memory)};
  if (source.elements) {
    field.array = pg::Call([&] {
      pg::ElementForm array;
      get_typlenbyvalalign(source.type, &array.length, &array.by_value, &array.align);
      return array;
    });
  }
  return field;
}

void AddColumns(std::vector<AttrNumber>& columns, const Bitmapset* set) {
  for (int i = -1; (i = bms_next_member(set, i)) >= 0;) {
    const auto attnum = static_cast<AttrNumber>(i);
    if (std::ranges::find(columns, attnum) == columns.end()) columns.push_back(attnum);
  }
}

Query MakeQuery(const QueryPlan& plan, const Target& target) {
  Query query;
  query.plan = &plan;
  if (plan.refused_sqlstate != nullptr) return query;
  for (const Parameter& parameter : plan.parameters) {
    ParameterField& sources = query.parameters.emplace_back();
    for (const ParameterSource& source : parameter.sources) {
      sources.push_back(MakeSource(source, target.memory));
    }
  }
  Bitmapset* decides = nullptr;
  pg::Call([&] {
    if (plan.filter == NIL) return;
    Node* const filter = reinterpret_cast<Node*>(plan.filter);
    query.filter = ExecInitQual(plan.filter, nullptr);
    query.filter_reads = pg::ColumnsRead(filter);
    query.runs_foreign_code = pg::RunsForeignCode(filter);
    decides = bms_copy(query.filter_reads);
  });
  query.guarded = plan.hides_rows || !plan.row_codes.empty();
  for (const RowCodes& codes : plan.row_codes) {
    decides = pg::Call([&] { return bms_add_member(decides, codes.attnum); });
  }
  for (const ParameterField& sources : query.parameters) {
    for (const SourceField& source : sources) {
      decides = pg::Call([&] { return bms_add_member(decides, source.attnum); });
    }
  }
  AddColumns(query.decides, decides);
  query.knows_old =
      target.whole_old || (bms_is_subset(decides, target.identity) &&
                           std::ranges::all_of(target.key, [&](const KeyColumn& column) {
                             return bms_is_member(column.attnum, target.identity);
                           }));
  return query;
}

bool SameOutput(const Output& a, const Output& b) {
  return a.key == b.key && a.attnum == b.attnum && a.type == b.type && a.masking == b.masking &&
         equal(a.expr, b.expr);
}

// Both give the same id, subkey, type and data for any row.
bool SameForm(const QueryPlan& a, const QueryPlan& b) {
  return a.ordinal == b.ordinal && a.type == b.type && a.outputs.size() == b.outputs.size() &&
         a.masked_key == b.masked_key && pg::Call([&] {
           return SameOutput(a.id, b.id) && std::ranges::equal(a.outputs, b.outputs, SameOutput);
         });
}

Form MakeForm(const QueryPlan& plan, const Target& target, TupleDesc desc,
              const EncodeOptions& options) {
  Form form{.queries = {},
            .id = MakeField(plan.id, desc, target.memory, options),
            .outputs = {},
            .masked_key = {},
            .reads = {},
            .operation = Stamp(std::string(kPutOperation) + plan.type + '.')};
  AddColumns(form.reads, form.id.reads);
  for (const Output& output : plan.outputs) {
    form.outputs.push_back(MakeField(output, desc, target.memory, options));
    AddColumns(form.reads, form.outputs.back().reads);
  }
  if (!plan.masked_key.empty()) form.masked_key.resize(target.key.size());
  for (const MaskedKey& column : plan.masked_key) {
    const auto place = std::ranges::find(target.key, column.attnum, &KeyColumn::attnum);
    form.masked_key[static_cast<std::size_t>(place - target.key.begin())] =
        MakeMasked(column.masking, column.attnum, desc, {}, target.memory);
  }
  form.runs_foreign_code = pg::Call([&] {
    const auto foreign = [](const Output& output) {
      return pg::RunsForeignCode(output.expr) || pg::PrintsByForeignCode(output.type);
    };
    return foreign(plan.id) || std::ranges::any_of(plan.outputs, foreign);
  });
  return form;
}

void AddToForms(Query& query, Target& target, TupleDesc desc, const EncodeOptions& options) {
  for (Form& form : target.forms) {
    if (!SameForm(*form.queries.front()->plan, *query.plan)) continue;
    form.queries.push_back(&query);
    return;
  }
  target.forms.push_back(MakeForm(*query.plan, target, desc, options));
  target.forms.back().queries.push_back(&query);
}

void FillTarget(Target& target, Relation relation, const EncodeOptions& options) {
  TupleDesc const desc = RelationGetDescr(relation);
  target.whole_old = relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL;
  target.identity = pg::Call([&] { return pg::IdentityColumns(relation); });
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute const column = TupleDescAttr(desc, i);
    if (!column->attisdropped && column->attlen == -1) target.varlena.push_back(column->attnum);
  }
  for (const AttrNumber attnum : target.plan.primary_key) {
    const Oid type =
        pg::Call([&] { return getBaseType(TupleDescAttr(desc, attnum - 1)->atttypid); });
    target.key.push_back({attnum, ValueEncoder(type, {}, target.memory)});
  }
  pg::Call([&] {
    target.slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(desc), &TTSOpsVirtual);
    target.econtext = CreateStandaloneExprContext();
    target.econtext->ecxt_scantuple = target.slot;
  });
  // Forms point to queries, which must not move any more.
  target.queries.reserve(target.plan.queries.size());
  for (const QueryPlan& plan : target.plan.queries) {
    target.queries.push_back(MakeQuery(plan, target));
    if (plan.refused_sqlstate == nullptr) {
      AddToForms(target.queries.back(), target, desc, options);
    }
    target.lacks_key |= plan.lacks_key;
  }
  for (const Form& form : target.forms) {
    auto is_expression = [](const Field& field) { return field.expr != nullptr; };
    target.has_expressions |=
        is_expression(form.id) || std::ranges::any_of(form.outputs, is_expression) ||
        std::ranges::any_of(form.queries, [](const Query* q) { return q->filter != nullptr; });
    const auto add = [&](const std::unique_ptr<MaskedColumn>& column) {
      if (column != nullptr) target.masked.push_back(column.get());
    };
    add(form.id.masked);
    for (const Field& field : form.outputs) add(field.masked);
    for (const auto& column : form.masked_key) add(column);
  }
}

}  // namespace

Target::Target() = default;

Target::~Target() {
  lookups.reset();
  if (memory != nullptr) MemoryContextDelete(memory);
}

// To take a key may make those invalid that were taken before.
void Target::RefreshMasked() {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; i++) {
    const std::uint64_t generation = masks::KeyGeneration();
    for (MaskedColumn* const column : masked) column->Refresh();
    if (generation == masks::KeyGeneration()) return;
  }
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              "the buckets of one table have transformations of too many scopes",
              "Each scope has keys of its own.", "Give profiles a scope in common.");
}

void MakeTarget(Target& target, Relation relation, const std::vector<std::string>* buckets,
                MemoryContext memory, const EncodeOptions& options,
                const std::function<bool(const QueryPlan&)>& keep) {
  target.memory =
      pg::Call([&] { return AllocSetContextCreate(memory, "phisync plan", ALLOCSET_SMALL_SIZES); });
  MemoryContext const before = MemoryContextSwitchTo(target.memory);
  target.plan = CompileRelation(relation, buckets);
  if (keep) std::erase_if(target.plan.queries, [&](const auto& query) { return !keep(query); });
  target.plan.relation = RelationGetRelid(relation);
  target.is_policy = IsPolicyTable(relation);
  if (!target.plan.queries.empty()) FillTarget(target, relation, options);
  MemoryContextSwitchTo(before);
}

PlanCache::PlanCache(LogicalDecodingContext* ctx, MemoryContext memory,
                     const std::vector<std::string>* buckets, const EncodeOptions& options)
    : ctx_(ctx), memory_(memory), buckets_(buckets), options_(options) {
  static bool registered = false;
  if (!registered) {
    pg::Call([] { CacheRegisterRelcacheCallback(OnRelcacheInvalidation, 0); });
    registered = true;
  }
  active_cache = this;
}

PlanCache::~PlanCache() {
  if (active_cache == this) active_cache = nullptr;
}

Target& PlanCache::Find(Relation relation) {
  const Oid oid = RelationGetRelid(relation);
  if (last_ != nullptr && last_->plan.relation == oid && last_->valid) return *last_;
  const auto found = targets_.find(oid);
  if (found != targets_.end() && found->second->valid) {
    last_ = found->second.get();
  } else {
    last_ = nullptr;
    last_ = &Compile(relation);
  }
  return *last_;
}

// The entry is in the cache while it is made, so that an invalidation that arrives meanwhile is not
// lost: it then serves this change and is made again for the next.
Target& PlanCache::Compile(Relation relation) {
  auto& entry = targets_[RelationGetRelid(relation)];
  entry = std::make_unique<Target>();
  Target& target = *entry;
  try {
    MakeTarget(target, relation, buckets_, memory_, options_);
    target.lookups = Lookups::Make(relation, buckets_, target.memory);
  } catch (...) {
    // A transaction in progress was aborted meanwhile; others go on.
    target.valid = false;
    throw;
  }
  return target;
}

void PlanCache::BeginTransaction(const ReorderBufferTXN* txn) {
  if (key_settings_ != masks::KeySettings()) {
    key_settings_ = masks::KeySettings();
    for (auto& [oid, target] : targets_) target->valid &= !target->lacks_key;
  }
  straddles_ = txn->base_snapshot_lsn < last_invalidation_;
  if (straddles_) {
    Forget();
  } else if (stale_) {
    // Tables come and go: what nobody asks for again must not stay.
    last_ = nullptr;
    std::erase_if(targets_, [](const auto& entry) { return !entry.second->valid; });
    stale_ = false;
  }
}

void PlanCache::EndTransaction() {
  if (straddles_) Forget();
  straddles_ = false;
}

void PlanCache::Forget() {
  last_ = nullptr;
  targets_.clear();
  stale_ = false;
  masks::ForgetZips();
}

void PlanCache::Invalidate(Oid relation) {
  // Definitions and tags are never about a system catalog.
  if (OidIsValid(relation) && relation < FirstNormalObjectId) return;
  last_invalidation_ = ctx_->reader->EndRecPtr;
  stale_ = true;
  if (!OidIsValid(relation)) {
    for (auto& [oid, target] : targets_) target->valid = false;
    return;
  }
  const auto found = targets_.find(relation);
  if (found != targets_.end()) found->second->valid = false;
}

}  // namespace phisync::sync
