#pragma once
// Plans made ready to run, one entry a relation, dropped exactly when what they were made from
// changes.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/byte_buffer.h"
#include "pg/array_elements.h"
#include "pg/decoding.h"
#include "pg/executor.h"
#include "sync/encode.h"
#include "sync/masked_column.h"
#include "sync/plan.h"

namespace phisync::sync {

class Lookups;

// An output.
struct Field {
  const Output* output;
  Stamp member;      // `,"key":`
  ExprState* expr;   // null: the column output->attnum as it is
  Bitmapset* reads;  // attribute numbers
  ValueEncoder encoder;
  std::unique_ptr<MaskedColumn> masked;  // writes it in place of the encoder
};

// A column that holds values of a parameter.
struct SourceField {
  AttrNumber attnum;
  std::optional<pg::ElementForm> array;  // its elements are the values
  ValueEncoder encoder;                  // of a value
};
using ParameterField = std::vector<SourceField>;

// What one data query asks of a row: whether it is in buckets, and in which.
struct Query {
  const QueryPlan* plan;
  std::vector<ParameterField> parameters;
  ExprState* filter = nullptr;  // null: every row
  Bitmapset* filter_reads = nullptr;
  bool guarded = false;             // rows may be hidden for their sensitivity
  std::vector<AttrNumber> decides;  // columns that say in which buckets the row is
  // The filter may run code that is not the server's own.
  bool runs_foreign_code = false;
  // Old rows carry all that says in which bucket they were. Made sure of when the query is defined,
  // but the replica identity may have been changed since.
  bool knows_old = false;
};

// What queries make of a row, where several make the same of it: evaluated and sent once for all.
struct Form {
  std::vector<Query*> queries;  // at least one; in the order of Target::queries
  Field id;
  std::vector<Field> outputs;
  // By the place in the key; null where a column goes out as it is. Empty: all do.
  std::vector<std::unique_ptr<MaskedColumn>> masked_key;
  std::vector<AttrNumber> reads;  // by id and outputs
  Stamp operation;                // what the text of its puts begins with: `put.<type>.`
  bool runs_foreign_code = false;
};

struct KeyColumn {
  AttrNumber attnum;
  ValueEncoder encoder;
};

// A relation, ready. Nothing in it is of use once the stream or snapshot is gone.
struct Target {
  Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target();

  // Before each row. Throws.
  void Refresh() {
    if (!masked.empty()) RefreshMasked();
  }

  bool valid = true;
  MemoryContext memory = nullptr;  // of everything below that the server allocates
  RelationPlan plan;
  std::vector<Query> queries;  // one for each plan
  std::vector<Form> forms;     // of the queries that are not refused
  std::vector<KeyColumn> key;
  std::vector<AttrNumber> varlena;    // columns whose values may be stored out of line
  Bitmapset* identity = nullptr;      // columns that old rows carry, if not whole
  bool whole_old = false;             // replica identity FULL
  bool has_expressions = false;       // or filters
  bool is_policy = false;             // phisync.policy_change itself
  bool lacks_key = false;             // queries are refused for that
  std::vector<MaskedColumn*> masked;  // all of the forms
  std::unique_ptr<Lookups> lookups;   // null: no parameters query reads the relation
  TupleTableSlot* slot = nullptr;     // with econtext, where expressions read the row
  ExprContext* econtext = nullptr;

 private:
  void RefreshMasked();
};

// Makes the empty target ready: compiles what the catalogs, as they are now or as the historic
// snapshot shows them, define on the relation. `buckets` as for CompileRelation; queries that
// `keep` does not want are left out; `memory` becomes the parent of the target's own. Throws.
void MakeTarget(Target& target, Relation relation, const std::vector<std::string>* buckets,
                MemoryContext memory, const EncodeOptions& options,
                const std::function<bool(const QueryPlan&)>& keep = {});

// The relations that this stream has met, also those without definitions: they cost one look-up a
// change. There is at most one cache at a time in a process.
class PlanCache {
 public:
  // `buckets` (null: all) are those that the consumer is granted; must outlive the cache.
  PlanCache(LogicalDecodingContext* ctx, MemoryContext memory,
            const std::vector<std::string>* buckets, const EncodeOptions& options);
  ~PlanCache();
  PlanCache(const PlanCache&) = delete;
  PlanCache& operator=(const PlanCache&) = delete;

  // The relation as of the change that is being decoded; valid until the next call of any function
  // here. Throws.
  Target& Find(Relation relation);

  // To be called when a transaction begins and when it ends. Transactions are decoded in the order
  // of their commits, yet an early one may see older catalogs than those decoded before it: its
  // plans must not be theirs, nor theirs its.
  void BeginTransaction(const ReorderBufferTXN* txn);
  void EndTransaction();

  // Before and after a part of a transaction in progress: what that one sees of its own changes is
  // nobody else's.
  void Forget();

  // Called by the server through the callback that is registered once a process.
  void Invalidate(Oid relation);

 private:
  Target& Compile(Relation relation);

  LogicalDecodingContext* ctx_;
  MemoryContext memory_;
  const std::vector<std::string>* buckets_;
  EncodeOptions options_;  // of values in `data`
  std::unordered_map<Oid, std::unique_ptr<Target>> targets_;
  Target* last_ = nullptr;  // of the last Find
  XLogRecPtr last_invalidation_ = InvalidXLogRecPtr;
  std::uint64_t key_settings_ = 0;  // as they were when a transaction began last
  bool straddles_ = false;
  bool stale_ = false;  // an entry may be invalid
};

}  // namespace phisync::sync
