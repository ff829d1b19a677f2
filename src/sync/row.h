#pragma once
// What a change of one row means to the buckets: in which it is now, which it leaves.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/byte_buffer.h"
#include "sync/plan_cache.h"

namespace phisync::sync {

// Part of a RowChanges' bytes.
struct Slice {
  std::size_t from = 0;
  std::size_t to = 0;
};

// The row in some buckets, in all of them in the same form.
struct Placement {
  const Query* query;          // gives type and ordinal; its bucket is that of the first one alone
  std::uint32_t first_bucket;  // in RowChanges::buckets
  std::uint32_t bucket_count;  // at least one
  Slice id;
  Slice subkey;
};

struct Put : Placement {
  Slice data;
  std::uint32_t first_incomplete;  // in RowChanges::incomplete
  std::uint32_t incomplete_count;
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

// What one change gives, in the order of the queries.
struct RowChanges {
  std::vector<Put> puts;
  std::vector<Remove> removes;
  std::vector<Slice> buckets;                // ids
  std::vector<const char*> errors;           // SQLSTATEs, each once
  std::vector<std::string_view> incomplete;  // names of outputs whose value decoding does not have
  bool key_changed = false;                  // removes then go before puts, else after
  std::optional<ByteBuffer> bytes{std::in_place};

  [[nodiscard]] bool empty() const { return puts.empty() && removes.empty() && errors.empty(); }
  [[nodiscard]] std::string_view Text(Slice slice) const {
    return bytes->view().substr(slice.from, slice.to - slice.from);
  }
  void Clear();
};

// Columns of a row, by attribute number less one.
struct RowImage {
  std::vector<Datum> values;
  std::unique_ptr<bool[]> nulls;
  Bitmapset* missing = nullptr;  // attribute numbers of values that decoding does not have

  void Fit(int columns);
};

// Evaluates changes. Keeps its buffers from change to change; CurrentMemoryContext is reset by the
// caller after each.
class RowEvaluator {
 public:
  // Fills `changes`. A query that fails over this row gives an error in place of its put and
  // remove; what is wrong with the server is thrown.
  void Evaluate(Target& target, Relation relation, ReorderBufferChange* change,
                RowChanges& changes);
  // The same for a row that is simply there, as a scan finds it: its values out of line are read.
  void EvaluateRow(Target& target, Relation relation, HeapTuple tuple, RowChanges& changes);

 private:
  struct Attempt;

  void Start(Target& target, RowChanges& changes);
  void Load(TupleDesc desc, HeapTuple old_tuple, HeapTuple new_tuple);
  void FillUntouched();
  // `had_old`: the row was there before, whether or not its old values are known.
  void EvaluateQueries(bool had_old);
  const char* Try(Query& query, void (RowEvaluator::*step)(Query&));
  void EvaluatePut(Query& query);
  void EvaluateRemove(Query& query);
  void AddError(const char* sqlstate);
  bool Passes(Query& query, RowImage& image);
  bool AppendBucket(Query& query, RowImage& image, Placement& placement);
  Slice AppendSubkey(Query& query, RowImage& image);
  Slice AppendId(Query& query, RowImage& image);
  void AppendData(Query& query, Put& put);
  bool KeyChanged();
  bool HasValue(const Field& field, RowImage& image) const;
  NullableDatum Value(const Field& field, RowImage& image);
  void Show(RowImage& image);

  Target* target_ = nullptr;
  RowChanges* changes_ = nullptr;
  RowImage old_;
  RowImage new_;
  bool has_old_ = false;
  bool has_new_ = false;
  bool key_changed_ = false;
  bool passes_ = false;  // the new row passes the filter of the query at hand
};

}  // namespace phisync::sync
