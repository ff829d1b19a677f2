#include "sync/lookup.h"

#include <utility>

#include "core/json.h"
#include "core/key_writer.h"
#include "pg/identity.h"
#include "pg/subtransaction.h"

namespace phisync::sync {
namespace {

// The server's part of evaluating a row, which may raise an error about it.
struct Attempt {
  ExprState* filter;
  ExprContext* econtext;
  int n;
  ExprState** exprs;
  NullableDatum* values;
  bool passes;
};

void Compute(void* arg) {
  auto* const a = static_cast<Attempt*>(arg);
  a->passes = a->filter == nullptr || ExecQual(a->filter, a->econtext);
  for (int i = 0; a->passes && i < a->n; i++) {
    if (a->exprs[i] == nullptr) continue;
    a->values[i].value = ExecEvalExpr(a->exprs[i], a->econtext, &a->values[i].isnull);
  }
}

}  // namespace

std::unique_ptr<Lookups> Lookups::Make(Relation relation, const std::vector<std::string>* buckets,
                                       MemoryContext memory) {
  MemoryContext const before = MemoryContextSwitchTo(memory);
  std::vector<LookupPlan> plans = CompileLookups(relation, buckets);
  std::unique_ptr<Lookups> lookups;
  if (!plans.empty()) {
    lookups.reset(new Lookups);
    lookups->whole_old_ = relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL;
    pg::Call([&] {
      lookups->slot_ =
          MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(relation)), &TTSOpsVirtual);
      lookups->econtext_ = CreateStandaloneExprContext();
      lookups->econtext_->ecxt_scantuple = lookups->slot_;
    });
    for (LookupPlan& plan : plans) {
      lookups->queries_.push_back(lookups->MakeQuery(std::move(plan), relation, memory));
    }
  }
  MemoryContextSwitchTo(before);
  return lookups;
}

Lookups::Query Lookups::MakeQuery(LookupPlan plan, Relation relation, MemoryContext memory) {
  Query query;
  query.plan = std::move(plan);
  if (!query.plan.exact) return query;
  ListCell* cell;
  foreach (cell, query.plan.values) {
    const auto* const value = static_cast<LookupValue*>(lfirst(cell));
    ExprState* expr = nullptr;
    if (value->expr != nullptr) {
      expr = pg::Call([&] { return ExecInitExpr(reinterpret_cast<Expr*>(value->expr), nullptr); });
      query.can_fail |= pg::Call([&] { return contain_leaked_vars(value->expr); });
      has_expressions_ = true;
    }
    query.values.push_back({value->attnum, expr, ValueEncoder(value->type, {}, memory)});
  }
  pg::Call([&] {
    if (query.plan.filter != NIL) {
      query.filter = ExecInitQual(query.plan.filter, nullptr);
      query.can_fail |= contain_leaked_vars(reinterpret_cast<Node*>(query.plan.filter));
      has_expressions_ = true;
    }
    query.knows_old = whole_old_ || bms_is_subset(query.plan.reads, pg::IdentityColumns(relation));
  });
  return query;
}

const std::vector<Lookup>& Lookups::Evaluate(Relation relation, ReorderBufferChange* change) {
  lookups_.clear();
  bytes_.Trim(kKeptBytes);
  TupleDesc const desc = RelationGetDescr(relation);
  HeapTuple const old_tuple = pg::OldTuple(change);
  HeapTuple const new_tuple = pg::NewTuple(change);
  has_old_ = old_tuple != nullptr;
  has_new_ = new_tuple != nullptr;
  old_.Fit(desc->natts);
  new_.Fit(desc->natts);
  pg::Call([&] {
    if (has_old_) heap_deform_tuple(old_tuple, desc, old_.values.data(), old_.nulls.get());
    if (has_new_) heap_deform_tuple(new_tuple, desc, new_.values.data(), new_.nulls.get());
  });
  for (Query& query : queries_) EvaluateQuery(query, change);
  return lookups_;
}

const std::vector<Lookup>& Lookups::EvaluateTruncate() {
  lookups_.clear();
  for (const Query& query : queries_) lookups_.push_back({&query.plan.bucket, false, {}, {}, {}});
  return lookups_;
}

void Lookups::EvaluateQuery(Query& query, const ReorderBufferChange* change) {
  const bool had_old = change->action != REORDER_BUFFER_CHANGE_INSERT;
  std::optional<Given> was;
  std::optional<Given> is;
  bool known = query.plan.exact && (!had_old || query.knows_old);
  if (known && had_old && !has_old_) {
    // The identity is unchanged, and all that counts is part of it. A delete has an old row.
    if (has_new_) return;
    known = false;
  }
  known = known && (!has_new_ || Fill(query)) && (!has_old_ || Give(query, old_, was)) &&
          (!has_new_ || Give(query, new_, is));
  if (!known) {
    lookups_.push_back({&query.plan.bucket, false, {}, {}, {}});
    return;
  }
  if (!was && !is) return;
  if (was && is && Text(was->key) == Text(is->key)) {
    if (Text(was->bucket) == Text(is->bucket)) return;
    lookups_.push_back({&query.plan.bucket, true, is->key, was->bucket, is->bucket});
    return;
  }
  if (was) lookups_.push_back({&query.plan.bucket, true, was->key, was->bucket, {}});
  if (is) lookups_.push_back({&query.plan.bucket, true, is->key, {}, is->bucket});
}

// Takes values that the update left untouched out of line from the old row; false if it has none.
bool Lookups::Fill(const Query& query) {
  for (int i = -1; (i = bms_next_member(query.plan.reads, i)) >= 0;) {
    const int at = i - 1;
    if (new_.nulls[at] || TupleDescAttr(slot_->tts_tupleDescriptor, at)->attlen != -1) continue;
    if (!VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(new_.values[at]))) continue;
    if (!has_old_ || !whole_old_ || old_.nulls[at]) return false;
    new_.values[at] = old_.values[at];
  }
  return true;
}

// False if the row cannot be evaluated.
bool Lookups::Give(Query& query, RowImage& image, std::optional<Given>& given) {
  ListCell* cell;
  foreach (cell, query.plan.keys) {
    // Equal to nothing.
    if (image.nulls[static_cast<LookupKey*>(lfirst(cell))->attnum - 1]) return true;
  }
  const std::size_t n = query.values.size();
  std::vector<ExprState*> exprs;
  std::vector<NullableDatum> values;
  for (const Value& value : query.values) {
    exprs.push_back(value.expr);
    values.push_back(value.expr != nullptr ? NullableDatum{}
                                           : NullableDatum{image.values[value.attnum - 1],
                                                           image.nulls[value.attnum - 1]});
  }
  Attempt attempt = {query.filter, econtext_,     static_cast<int>(n),
                     exprs.data(), values.data(), false};
  pg::Call([&] {
    ResetExprContext(econtext_);
    ExecClearTuple(slot_);
    const int columns = slot_->tts_tupleDescriptor->natts;
    for (int i = 0; i < columns; i++) {
      slot_->tts_values[i] = image.values[i];
      slot_->tts_isnull[i] = image.nulls[i];
    }
    ExecStoreVirtualTuple(slot_);
  });
  if (query.can_fail) {
    if (pg::SurviveInputError(Compute, &attempt) != nullptr) return false;
  } else {
    pg::Call([&] { Compute(&attempt); });
  }
  if (!attempt.passes) return true;
  const std::size_t from = bytes_.size();
  KeyWriter bucket(bytes_, query.plan.bucket);
  for (std::size_t i = 0; i < n; i++) {
    if (values[i].isnull ||
        query.values[i].encoder.Parameter(bucket.Next(), values[i].value) != Encoded::kValue) {
      return true;
    }
  }
  bucket.Finish();
  const Slice id = {from, bytes_.size()};
  given = {AppendKey(query, image), id};
  return true;
}

// {"user_id":"u1","parameters":{"region":"eu"}}
Slice Lookups::AppendKey(const Query& query, const RowImage& image) {
  const std::size_t from = bytes_.size();
  auto append = [&](const LookupKey* key) {
    const Datum value = image.values[static_cast<std::size_t>(key->attnum) - 1];
    const text* const plain = pg::Call([&] { return DatumGetTextPP(value); });
    AppendJsonString(bytes_, {VARDATA_ANY(plain), VARSIZE_ANY_EXHDR(plain)});
  };
  bytes_.Append('{');
  ListCell* cell;
  bool first = true;
  foreach (cell, query.plan.keys) {
    const auto* const key = static_cast<LookupKey*>(lfirst(cell));
    if (key->parameter != nullptr) continue;
    AppendJsonKey(bytes_, "user_id");
    append(key);
    first = false;
  }
  bool any = false;
  foreach (cell, query.plan.keys) {
    const auto* const key = static_cast<LookupKey*>(lfirst(cell));
    if (key->parameter == nullptr) continue;
    if (!first) bytes_.Append(',');
    first = false;
    if (!any) bytes_.Append(R"("parameters":{)");
    any = true;
    AppendJsonKey(bytes_, key->parameter);
    append(key);
  }
  if (any) bytes_.Append('}');
  bytes_.Append('}');
  return {from, bytes_.size()};
}

}  // namespace phisync::sync
