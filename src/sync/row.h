#pragma once
// What a change of one row means to the buckets: in which it is now, which it leaves.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/byte_buffer.h"
#include "sync/membership.h"
#include "sync/plan_cache.h"
#include "sync/row_image.h"

namespace phisync::sync {

// The row in some buckets, in all of them in the same form.
struct Placement {
  const Query* query;          // gives type and ordinal; its bucket is that of the first one alone
  std::uint32_t first_bucket;  // in RowChanges::buckets
  std::uint32_t bucket_count;  // at least one
  Slice id;
  Slice subkey;
  Slice operation;  // what the checksum of the record is over (core/checksum.h)
};

struct Put : Placement {
  Slice data;
  std::uint32_t first_incomplete;  // in RowChanges::incomplete
  std::uint32_t incomplete_count;
  bool undated;  // dates in it are null because it is not known yet when the change is committed
};

// Why a row leaves.
enum class Leaving : std::uint8_t {
  kDeleted,   // the row itself is gone
  kMoved,     // the query still selects it, for another bucket
  kFiltered,  // the query does not select it any more
};

struct Remove : Placement {
  Leaving why;
};

// Working memory that a huge row has blown up beyond this is given back.
inline constexpr std::size_t kKeptBytes = 1024 * 1024;

// What one change gives, in the order of the forms.
struct RowChanges {
  std::vector<Put> puts;
  std::vector<Remove> removes;
  std::vector<Slice> buckets;                // ids
  std::vector<const char*> errors;           // SQLSTATEs, each once
  std::vector<std::string_view> incomplete;  // names of outputs whose value decoding does not have
  bool key_changed = false;                  // removes then go before puts, else after
  std::optional<ByteBuffer> bytes{std::in_place};

  [[nodiscard]] bool empty() const { return puts.empty() && removes.empty() && errors.empty(); }
  [[nodiscard]] std::string_view Text(Slice slice) const { return slice.In(*bytes); }
  void Clear();
};

// Evaluates changes. Keeps its buffers from change to change; CurrentMemoryContext is reset by the
// caller after each.
class RowEvaluator {
 public:
  // Of a bucket's id; empty: all are wanted.
  using Wanted = std::function<bool(std::string_view)>;

  // For other buckets nothing is encoded and nothing said.
  explicit RowEvaluator(Wanted wanted = {}) : wanted_(std::move(wanted)) {}

  // Fills `changes`. A row that its query fails over is in no bucket: an error stands in place of
  // the put, and the row leaves where it was. That the old row fails says so much as that it was in
  // none: it failed when it was the new one. What is wrong with the server is thrown. `committed`:
  // when; nothing where that is not known yet.
  void Evaluate(Target& target, Relation relation, ReorderBufferChange* change,
                std::optional<TimestampTz> committed, RowChanges& changes);
  // The same for a row that is simply there, as a scan finds it: its values out of line are read.
  // Ages are as of the start of the current transaction.
  void EvaluateRow(Target& target, Relation relation, HeapTuple tuple, RowChanges& changes);

 private:
  // A bucket that the new row is in.
  struct Joined {
    Slice bucket;
    bool before;  // the row was in it, with the same key
  };
  // A bucket that the row leaves.
  struct Left {
    Slice bucket;
    Leaving why;
  };

  void Start(Target& target, RowChanges& changes);
  void EvaluateForms();
  void EvaluateForm(Form& form);
  void PlaceNew(Query& query);
  void PlaceOld(Query& query, std::size_t first_joined);
  [[nodiscard]] bool WasInSamePlace(const Query& query) const;
  void PutRow(Form& form);
  void RemoveRow(Form& form);
  void DropUnwanted();
  // In which buckets the query has the row, to found_.
  void FindBuckets(Query& query, RowImage& image);
  // Calls fn; null if that succeeds. If it fails over the row, undoes what it appended to `changes`
  // and returns the SQLSTATE.
  template <typename Fn>
  const char* Try(bool runs_foreign_code, Fn&& fn);
  void AddError(const char* sqlstate);
  bool Passes(Query& query, RowImage& image);
  static bool IsHidden(const Query& query, const RowImage& image);
  Slice AppendSubkey(const Form& form, RowImage& image);
  Slice AppendId(Form& form, RowImage& image);
  void AppendData(Form& form, Put& put);
  bool KeyChanged();
  NullableDatum Value(const Field& field, RowImage& image);
  NullableDatum Compute(const Field& field, RowImage& image);
  void Show(RowImage& image);

  Wanted wanted_;
  Target* target_ = nullptr;
  RowChanges* changes_ = nullptr;
  RowVersions rows_;
  Membership membership_;
  bool had_old_ = false;  // the row was there before, whether or not its old values are known
  bool key_changed_ = false;
  std::optional<TimestampTz> as_of_;
  bool fetches_ = false;  // values of the row are read from a table, which may fail half way
  const RowImage* shown_ = nullptr;  // to expressions
  // Of the form at hand.
  std::vector<Joined> joined_;
  std::vector<Left> left_;
  std::vector<Slice> found_;
};

}  // namespace phisync::sync
