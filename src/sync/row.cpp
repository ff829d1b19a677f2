#include "sync/row.h"

#include <algorithm>
#include <cstring>

#include "core/checksum.h"
#include "core/error.h"
#include "core/key_writer.h"
#include "pg/boundary.h"
#include "pg/subtransaction.h"
#include "sync/row_codes.h"

namespace phisync::sync {
namespace {

constexpr const char* kNullValueNotAllowed = "22004";

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

void RowEvaluator::Evaluate(Target& target, Relation relation, ReorderBufferChange* change,
                            std::optional<TimestampTz> committed, RowChanges& changes) {
  Start(target, changes);
  as_of_ = committed;
  rows_.Load(RelationGetDescr(relation), pg::OldTuple(change), pg::NewTuple(change));
  rows_.FillUntouched(target);
  had_old_ = change->action != REORDER_BUFFER_CHANGE_INSERT;
  fetches_ = false;
  changes.key_changed = key_changed_ = rows_.has_old() && rows_.has_new() && KeyChanged();
  EvaluateForms();
}

void RowEvaluator::EvaluateRow(Target& target, Relation relation, HeapTuple tuple,
                               RowChanges& changes) {
  Start(target, changes);
  as_of_ = GetCurrentTransactionStartTimestamp();
  rows_.Load(RelationGetDescr(relation), nullptr, tuple);
  had_old_ = key_changed_ = false;
  fetches_ = std::ranges::any_of(target.varlena,
                                 [&](AttrNumber attnum) { return rows_.new_row().IsFar(attnum); });
  EvaluateForms();
}

void RowEvaluator::Start(Target& target, RowChanges& changes) {
  changes.Clear();
  target_ = &target;
  changes_ = &changes;
  shown_ = nullptr;
  target.Refresh();
  if (target.has_expressions) ResetExprContext(target.econtext);
}

void RowEvaluator::EvaluateForms() {
  for (const Query& query : target_->queries) {
    const char* const refused = query.plan->refused_sqlstate;
    if (refused != nullptr) AddError(refused);
  }
  for (Form& form : target_->forms) EvaluateForm(form);
}

void RowEvaluator::AddError(const char* sqlstate) {
  if (sqlstate == nullptr) return;
  for (const char* const other : changes_->errors) {
    if (std::strcmp(other, sqlstate) == 0) return;
  }
  changes_->errors.push_back(sqlstate);
}

bool RowEvaluator::KeyChanged() {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t start = out.size();
  bool changed = false;
  RowImage& before = rows_.old_row();
  RowImage& after = rows_.new_row();
  for (KeyColumn& column : target_->key) {
    const int i = column.attnum - 1;
    // An identity other than the key may leave these out of the old row; the error says so later.
    if (before.nulls[i] || after.nulls[i] || after.IsMissing(column.attnum)) continue;
    if (rows_.Same(column.attnum)) continue;
    const std::size_t from = out.size();
    column.encoder.Key(out, before.values[i]);
    const std::size_t middle = out.size();
    column.encoder.Key(out, after.values[i]);
    if (out.view().substr(from, middle - from) != out.view(middle)) changed = true;
  }
  out.Truncate(start);
  return changed;
}

template <typename Fn>
const char* RowEvaluator::Try(bool runs_foreign_code, Fn&& fn) {
  const std::size_t buckets = changes_->buckets.size();
  const std::size_t incomplete = changes_->incomplete.size();
  const std::size_t bytes = changes_->bytes->size();
  const bool subtransaction = runs_foreign_code || fetches_;
  const char* sqlstate = nullptr;
  try {
    if (!subtransaction) {
      fn();
    } else {
      sqlstate = pg::SurviveRowError(
          [](void* arg) { pg::Entry(*static_cast<std::remove_reference_t<Fn>*>(arg)); }, &fn);
    }
  } catch (const pg::BackendError&) {
    // One that comes out of a subtransaction is about the server.
    sqlstate = subtransaction ? nullptr : pg::TakeRowError();
    if (sqlstate == nullptr) throw;
  } catch (const Error& error) {
    sqlstate = error.sqlstate();
  }
  if (sqlstate != nullptr) {
    changes_->buckets.resize(buckets);
    changes_->incomplete.resize(incomplete);
    changes_->bytes->Truncate(bytes);
  }
  return sqlstate;
}

void RowEvaluator::EvaluateForm(Form& form) {
  joined_.clear();
  left_.clear();
  for (Query* const query : form.queries) {
    const std::size_t first_joined = joined_.size();
    if (rows_.has_new()) PlaceNew(*query);
    if (!had_old_) continue;
    if (!query->knows_old) {
      AddError(sqlstate::kObjectNotInPrerequisiteState);
    } else if (WasInSamePlace(*query)) {
      for (std::size_t i = first_joined; i < joined_.size(); i++) joined_[i].before = true;
    } else {
      PlaceOld(*query, first_joined);
    }
  }
  if (wanted_) DropUnwanted();
  PutRow(form);
  if (!left_.empty()) RemoveRow(form);
}

// Only now that it is known where the row was and is, which says why it leaves.
void RowEvaluator::DropUnwanted() {
  const auto unwanted = [&](const auto& of) { return !wanted_(changes_->Text(of.bucket)); };
  std::erase_if(joined_, unwanted);
  std::erase_if(left_, unwanted);
}

void RowEvaluator::PlaceNew(Query& query) {
  const char* const sqlstate =
      Try(query.runs_foreign_code, [&] { FindBuckets(query, rows_.new_row()); });
  AddError(sqlstate);
  if (sqlstate != nullptr) return;
  for (const Slice bucket : found_) joined_.push_back({bucket, false});
}

// Without an old row the identity is unchanged, and so is all that says where the row was.
bool RowEvaluator::WasInSamePlace(const Query& query) const {
  return rows_.has_new() && !key_changed_ && (!rows_.has_old() || rows_.Same(query.decides));
}

void RowEvaluator::PlaceOld(Query& query, std::size_t first_joined) {
  if (Try(query.runs_foreign_code, [&] { FindBuckets(query, rows_.old_row()); }) != nullptr) return;
  const std::span<Joined> joined = std::span(joined_).subspan(first_joined);
  const Leaving why = !rows_.has_new() ? Leaving::kDeleted
                      : joined.empty() ? Leaving::kFiltered
                                       : Leaving::kMoved;
  // Most often the lists are much alike: the search goes on behind the bucket found last.
  std::size_t next = 0;
  const auto find = [&](Slice bucket) -> Joined* {
    if (key_changed_) return nullptr;
    for (std::size_t i = 0; i < joined.size(); i++) {
      const std::size_t at = (next + i) % joined.size();
      if (changes_->Text(joined[at].bucket) != changes_->Text(bucket)) continue;
      next = at + 1;
      return &joined[at];
    }
    return nullptr;
  };
  for (const Slice bucket : found_) {
    Joined* const in = find(bucket);
    if (in != nullptr) {
      in->before = true;
    } else {
      left_.push_back({bucket, why});
    }
  }
}

void RowEvaluator::FindBuckets(Query& query, RowImage& image) {
  found_.clear();
  if (Passes(query, image)) membership_.Append(query, image, *changes_->bytes, found_);
}

// Puts the row into the buckets that it is in now: into those alone that it was not in, if the old
// row shows that its content is the same.
void RowEvaluator::PutRow(Form& form) {
  const bool same_content = target_->whole_old && rows_.has_old() && rows_.has_new() &&
                            !key_changed_ && rows_.Same(form.reads);
  Put put{};
  put.query = form.queries.front();
  put.first_bucket = static_cast<std::uint32_t>(changes_->buckets.size());
  for (const Joined& in : joined_) {
    if (!same_content || !in.before) changes_->buckets.push_back(in.bucket);
  }
  put.bucket_count = static_cast<std::uint32_t>(changes_->buckets.size()) - put.first_bucket;
  if (put.bucket_count == 0) return;
  const char* const sqlstate = Try(form.runs_foreign_code, [&] {
    ByteBuffer& out = *changes_->bytes;
    put.subkey = AppendSubkey(form, rows_.new_row());
    put.operation.from = out.size();
    out.Append(form.operation);
    put.id = AppendId(form, rows_.new_row());
    out.Append('.');
    AppendData(form, put);
    put.operation.to = out.size();
  });
  if (sqlstate == nullptr) {
    changes_->puts.push_back(put);
    return;
  }
  AddError(sqlstate);
  changes_->buckets.resize(put.first_bucket);
  for (Left& out : left_) {
    if (out.why == Leaving::kMoved) out.why = Leaving::kFiltered;
  }
  for (const Joined& in : joined_) {
    if (in.before) left_.push_back({in.bucket, Leaving::kFiltered});
  }
}

void RowEvaluator::RemoveRow(Form& form) {
  RowImage& image = rows_.has_old() ? rows_.old_row() : rows_.new_row();
  Remove remove{};
  remove.query = form.queries.front();
  const char* const sqlstate = Try(form.runs_foreign_code, [&] {
    remove.id = AppendId(form, image);
    remove.operation.from = changes_->bytes->size();
    changes_->bytes->Append(kRemoveOperation);
    remove.subkey = AppendSubkey(form, image);
    remove.operation.to = changes_->bytes->size();
  });
  if (sqlstate != nullptr) {
    // Where the old row has no id, it was in no bucket.
    if (!rows_.has_old()) AddError(sqlstate);
    return;
  }
  for (const Leaving why : {Leaving::kDeleted, Leaving::kMoved, Leaving::kFiltered}) {
    remove.first_bucket = static_cast<std::uint32_t>(changes_->buckets.size());
    remove.why = why;
    for (const Left& out : left_) {
      if (out.why == why) changes_->buckets.push_back(out.bucket);
    }
    remove.bucket_count =
        static_cast<std::uint32_t>(changes_->buckets.size()) - remove.first_bucket;
    if (remove.bucket_count > 0) changes_->removes.push_back(remove);
  }
}

// Whether the row is of a sensitivity that the profile has no consent for.
bool RowEvaluator::IsHidden(const Query& query, const RowImage& image) {
  const QueryPlan& plan = *query.plan;
  if (plan.hides_rows) return true;
  for (const RowCodes& codes : plan.row_codes) {
    if (image.IsMissing(codes.attnum)) ThrowUnknown();
    const int i = codes.attnum - 1;
    if (image.nulls[i]) continue;
    if (!HasConsents(*plan.profile, image.values[i], codes.elements)) return true;
  }
  return false;
}

bool RowEvaluator::Passes(Query& query, RowImage& image) {
  if (query.guarded && IsHidden(query, image)) return false;
  if (query.filter == nullptr) return true;
  if (image.IsMissingAny(query.filter_reads)) ThrowUnknown();
  Show(image);
  return pg::Call([&] { return ExecQual(query.filter, target_->econtext); });
}

Slice RowEvaluator::AppendSubkey(const Form& form, RowImage& image) {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t from = out.size();
  KeyWriter key(out, form.queries.front()->plan->ordinal);
  for (KeyColumn& column : target_->key) {
    const int i = column.attnum - 1;
    if (image.nulls[i] || image.IsMissing(column.attnum)) ThrowUnknown();
    MaskedColumn* const masked =
        form.masked_key.empty()
            ? nullptr
            : form.masked_key[static_cast<std::size_t>(&column - target_->key.data())].get();
    if (masked == nullptr) {
      column.encoder.Key(key.Next(), image.values[i]);
    } else if (masked->Key(key.Next(), image) != Encoded::kValue) {
      ThrowUnknown();
    }
  }
  key.Finish();
  return {from, out.size()};
}

inline NullableDatum RowEvaluator::Value(const Field& field, RowImage& image) {
  if (field.expr != nullptr) return Compute(field, image);
  const int i = field.output->attnum - 1;
  return {image.values[i], image.nulls[i]};
}

Slice RowEvaluator::AppendId(Form& form, RowImage& image) {
  ByteBuffer& out = *changes_->bytes;
  const std::size_t from = out.size();
  if (image.IsMissingAny(form.id.reads)) ThrowUnknown();
  if (form.id.masked != nullptr) {
    if (form.id.masked->Identity(out, image) == Encoded::kValue) return {from, out.size()};
  } else {
    const NullableDatum value = Value(form.id, image);
    if (!value.isnull && form.id.encoder.Identity(out, value.value) == Encoded::kValue) {
      return {from, out.size()};
    }
  }
  throw Error(kNullValueNotAllowed, "the id of a row is null");
}

void RowEvaluator::AppendData(Form& form, Put& put) {
  ByteBuffer& out = *changes_->bytes;
  RowImage& image = rows_.new_row();
  put.first_incomplete = static_cast<std::uint32_t>(changes_->incomplete.size());
  put.data.from = out.size();
  for (Field& field : form.outputs) {
    if (image.IsMissingAny(field.reads)) {
      changes_->incomplete.push_back(field.output->key);
      continue;
    }
    const std::size_t before = out.size();
    if (field.masked != nullptr) {
      put.undated |= !as_of_ && field.masked->needs_commit_time();
      out.Append(field.member);
      if (field.masked->Column(out, image, as_of_) == Encoded::kAbsent) out.Truncate(before);
      continue;
    }
    const NullableDatum value = Value(field, image);
    out.Append(field.member);
    if (value.isnull) {
      out.Append("null");
    } else if (field.encoder.Column(out, value.value) == Encoded::kAbsent) {
      out.Truncate(before);
    }
  }
  if (out.size() == put.data.from) out.Append(',');
  // In place of the comma before the first member.
  out.Replace(put.data.from, '{');
  out.Append('}');
  put.data.to = out.size();
  put.incomplete_count =
      static_cast<std::uint32_t>(changes_->incomplete.size()) - put.first_incomplete;
}

NullableDatum RowEvaluator::Compute(const Field& field, RowImage& image) {
  Show(image);
  return pg::Call([&] {
    NullableDatum result;
    result.value = ExecEvalExprSwitchContext(field.expr, target_->econtext, &result.isnull);
    return result;
  });
}

// Lets expressions read the image's columns. What they give lives until the next row.
void RowEvaluator::Show(RowImage& image) {
  if (shown_ == &image) return;
  TupleTableSlot* const slot = target_->slot;
  ExecClearTuple(slot);
  slot->tts_values = image.values.data();
  slot->tts_isnull = image.nulls.get();
  ExecStoreVirtualTuple(slot);
  shown_ = &image;
}

}  // namespace phisync::sync
