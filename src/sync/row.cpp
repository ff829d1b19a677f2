#include "sync/row.h"

#include <cstring>

#include "core/error.h"
#include "core/key_writer.h"
#include "pg/boundary.h"
#include "pg/subtransaction.h"

namespace phisync::sync {
namespace {

constexpr const char* kNullValueNotAllowed = "22004";

// The log does not say in which buckets the row was, or what identifies it.
[[noreturn]] void ThrowUnknown() {
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              "a change does not carry the values that say in which buckets the row is");
}

}  // namespace

void RowChanges::Clear() {
  puts.clear();
  removes.clear();
  errors.clear();
  buckets.clear();
  incomplete.clear();
  key_changed = false;
  if (bytes->size() > kKeptBytes) {
    bytes.emplace();
  } else {
    bytes->Clear();
  }
}

void RowImage::Fit(int columns) {
  const auto n = static_cast<std::size_t>(columns);
  if (values.size() < n) {
    values.resize(n);
    nulls = std::make_unique<bool[]>(n);
  }
  missing = nullptr;
}

void RowEvaluator::Evaluate(Target& target, Relation relation, ReorderBufferChange* change,
                            RowChanges& changes) {
  Start(target, changes);
  Load(RelationGetDescr(relation), pg::OldTuple(change), pg::NewTuple(change));
  if (has_new_) FillUntouched();
  key_changed_ = has_old_ && has_new_ && KeyChanged();
  EvaluateQueries(change->action != REORDER_BUFFER_CHANGE_INSERT);
}

void RowEvaluator::EvaluateRow(Target& target, Relation relation, HeapTuple tuple,
                               RowChanges& changes) {
  Start(target, changes);
  Load(RelationGetDescr(relation), nullptr, tuple);
  EvaluateQueries(false);
}

void RowEvaluator::Start(Target& target, RowChanges& changes) {
  changes.Clear();
  target_ = &target;
  changes_ = &changes;
}

void RowEvaluator::EvaluateQueries(bool had_old) {
  for (Query& query : target_->queries) {
    passes_ = false;
    if (query.plan->refused_sqlstate != nullptr) {
      AddError(query.plan->refused_sqlstate);
      continue;
    }
    // A row that cannot be put leaves where it was.
    if (has_new_) {
      const char* const sqlstate = Try(query, &RowEvaluator::EvaluatePut);
      if (sqlstate != nullptr) passes_ = false;
      AddError(sqlstate);
    }
    if (had_old && !query.knows_old) {
      AddError(sqlstate::kObjectNotInPrerequisiteState);
    } else if (has_old_) {
      // Without an old row the identity is unchanged, and so is all that says where the row was.
      AddError(Try(query, &RowEvaluator::EvaluateRemove));
    }
  }
  changes_->key_changed = key_changed_;
}

void RowEvaluator::AddError(const char* sqlstate) {
  if (sqlstate == nullptr) return;
  for (const char* const other : changes_->errors) {
    if (std::strcmp(other, sqlstate) == 0) return;
  }
  changes_->errors.push_back(sqlstate);
}

void RowEvaluator::Load(TupleDesc desc, HeapTuple old_tuple, HeapTuple new_tuple) {
  has_old_ = old_tuple != nullptr;
  has_new_ = new_tuple != nullptr;
  key_changed_ = false;
  old_.Fit(desc->natts);
  new_.Fit(desc->natts);
  pg::Call([&] {
    if (has_old_) heap_deform_tuple(old_tuple, desc, old_.values.data(), old_.nulls.get());
    if (has_new_) heap_deform_tuple(new_tuple, desc, new_.values.data(), new_.nulls.get());
  });
}

// Values that an update left untouched out of line are not in the decoded new row. They are in the
// old one if the replica identity covers them.
void RowEvaluator::FillUntouched() {
  for (const AttrNumber attnum : target_->varlena) {
    const int i = attnum - 1;
    if (new_.nulls[i] || !VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(new_.values[i]))) continue;
    if (has_old_ && (target_->whole_old || bms_is_member(attnum, target_->identity))) {
      new_.values[i] = old_.values[i];
      new_.nulls[i] = old_.nulls[i];
    } else {
      new_.missing = pg::Call([&] { return bms_add_member(new_.missing, attnum); });
    }
  }
}

bool RowEvaluator::KeyChanged() {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t start = out.size();
  bool changed = false;
  for (KeyColumn& column : target_->key) {
    const int i = column.attnum - 1;
    // An identity other than the key may leave these out of the old row; the error says so later.
    if (old_.nulls[i] || new_.nulls[i]) continue;
    if (bms_is_member(column.attnum, new_.missing)) continue;
    const std::size_t from = out.size();
    column.encoder.Key(out, old_.values[i]);
    const std::size_t middle = out.size();
    column.encoder.Key(out, new_.values[i]);
    if (out.view().substr(from, middle - from) != out.view(middle)) changed = true;
  }
  out.Truncate(start);
  return changed;
}

// Evaluates the query's put or remove. Leaves nothing behind if that fails.
struct RowEvaluator::Attempt {
  RowEvaluator* evaluator;
  Query* query;
  void (RowEvaluator::*step)(Query&);
};

const char* RowEvaluator::Try(Query& query, void (RowEvaluator::*step)(Query&)) {
  const std::size_t puts = changes_->puts.size();
  const std::size_t removes = changes_->removes.size();
  const std::size_t buckets = changes_->buckets.size();
  const std::size_t incomplete = changes_->incomplete.size();
  const std::size_t bytes = changes_->bytes->size();
  const char* sqlstate = nullptr;
  try {
    if (query.can_fail) {
      Attempt attempt{this, &query, step};
      sqlstate = pg::SurviveInputError(
          [](void* arg) {
            const auto* const a = static_cast<Attempt*>(arg);
            pg::Entry([&] { (a->evaluator->*a->step)(*a->query); });
          },
          &attempt);
    } else {
      (this->*step)(query);
    }
  } catch (const Error& error) {
    sqlstate = error.sqlstate();
  }
  if (sqlstate != nullptr) {
    changes_->puts.resize(puts);
    changes_->removes.resize(removes);
    changes_->buckets.resize(buckets);
    changes_->incomplete.resize(incomplete);
    changes_->bytes->Truncate(bytes);
  }
  return sqlstate;
}

void RowEvaluator::EvaluatePut(Query& query) {
  passes_ = Passes(query, new_);
  Put put{{&query, 0, 0, {}, {}}, {}, 0, 0};
  if (!passes_ || !AppendBucket(query, new_, put)) return;
  put.id = AppendId(query, new_);
  put.subkey = AppendSubkey(query, new_);
  AppendData(query, put);
  changes_->puts.push_back(put);
}

void RowEvaluator::EvaluateRemove(Query& query) {
  if (!Passes(query, old_)) return;
  const Leaving why = !has_new_ ? Leaving::kDeleted
                      : passes_ ? Leaving::kMoved
                                : Leaving::kFiltered;
  Remove remove{{&query, 0, 0, {}, {}}, why};
  if (!AppendBucket(query, old_, remove)) return;
  const auto text = [&](const Placement& in) {
    return changes_->Text(changes_->buckets[in.first_bucket]);
  };
  if (!key_changed_ && !changes_->puts.empty()) {
    const Put& put = changes_->puts.back();
    if (put.query == &query && text(put) == text(remove)) return;
  }
  remove.id = AppendId(query, old_);
  remove.subkey = AppendSubkey(query, old_);
  changes_->removes.push_back(remove);
}

bool RowEvaluator::Passes(Query& query, RowImage& image) {
  if (query.filter == nullptr) return true;
  if (bms_overlap(query.filter_reads, image.missing)) ThrowUnknown();
  return pg::Call([&] {
    Show(image);
    ResetExprContext(target_->econtext);
    return ExecQual(query.filter, target_->econtext);
  });
}

// False if a parameter is null: the row is then in no bucket.
bool RowEvaluator::AppendBucket(Query& query, RowImage& image, Placement& placement) {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t from = out.size();
  KeyWriter id(out, query.plan->bucket);
  for (ParameterField& field : query.parameters) {
    if (bms_is_member(field.attnum, image.missing)) ThrowUnknown();
    const int i = field.attnum - 1;
    if (image.nulls[i] || field.encoder.Parameter(id.Next(), image.values[i]) != Encoded::kValue) {
      return false;
    }
  }
  id.Finish();
  placement.first_bucket = static_cast<std::uint32_t>(changes_->buckets.size());
  placement.bucket_count = 1;
  changes_->buckets.push_back({from, out.size()});
  return true;
}

Slice RowEvaluator::AppendSubkey(Query& query, RowImage& image) {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t from = out.size();
  KeyWriter key(out, query.plan->ordinal);
  for (KeyColumn& column : target_->key) {
    const int i = column.attnum - 1;
    if (image.nulls[i] || bms_is_member(column.attnum, image.missing)) ThrowUnknown();
    column.encoder.Key(key.Next(), image.values[i]);
  }
  key.Finish();
  return {from, out.size()};
}

Slice RowEvaluator::AppendId(Query& query, RowImage& image) {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t from = out.size();
  Field& field = query.id.front();
  if (!HasValue(field, image)) ThrowUnknown();
  const NullableDatum value = Value(field, image);
  if (value.isnull || field.encoder.Identity(out, value.value) != Encoded::kValue) {
    throw Error(kNullValueNotAllowed, "the id of a row is null");
  }
  return {from, out.size()};
}

void RowEvaluator::AppendData(Query& query, Put& put) {
  ByteBuffer& out = *changes_->bytes;
  put.first_incomplete = static_cast<std::uint32_t>(changes_->incomplete.size());
  put.data.from = out.size();
  char separator = '{';
  for (Field& field : query.outputs) {
    if (!HasValue(field, new_)) {
      changes_->incomplete.push_back(field.output->key);
      continue;
    }
    const NullableDatum value = Value(field, new_);
    const std::size_t before = out.size();
    out.Append(separator);
    out.Append(field.member);
    if (value.isnull) {
      out.Append("null");
    } else if (field.encoder.Column(out, value.value) == Encoded::kAbsent) {
      out.Truncate(before);
      continue;
    }
    separator = ',';
  }
  if (separator == '{') out.Append(separator);
  out.Append('}');
  put.data.to = out.size();
  put.incomplete_count =
      static_cast<std::uint32_t>(changes_->incomplete.size()) - put.first_incomplete;
}

bool RowEvaluator::HasValue(const Field& field, RowImage& image) const {
  return image.missing == nullptr || !bms_overlap(field.reads, image.missing);
}

NullableDatum RowEvaluator::Value(const Field& field, RowImage& image) {
  if (field.expr == nullptr) {
    const int i = field.output->attnum - 1;
    return {image.values[i], image.nulls[i]};
  }
  return pg::Call([&] {
    NullableDatum result;
    Show(image);
    // Not reset between the fields: their values live until the change is done.
    result.value = ExecEvalExprSwitchContext(field.expr, target_->econtext, &result.isnull);
    return result;
  });
}

// Lets expressions read the image's columns.
void RowEvaluator::Show(RowImage& image) {
  TupleTableSlot* const slot = target_->slot;
  ExecClearTuple(slot);
  slot->tts_values = image.values.data();
  slot->tts_isnull = image.nulls.get();
  ExecStoreVirtualTuple(slot);
}

}  // namespace phisync::sync
