#pragma once
// Changes of the tables that parameters queries read: who may get which bucket from now on.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/byte_buffer.h"
#include "pg/decoding.h"
#include "pg/executor.h"
#include "sync/encode.h"
#include "sync/lookup_plan.h"
#include "sync/row.h"

namespace phisync::sync {

// What one change means to the users of one definition.
struct Lookup {
  const std::string* bucket;  // definition
  bool exact;                 // else every user may be concerned, and nothing below is set
  std::optional<Slice> key;
  std::optional<Slice> was;
  std::optional<Slice> is;
};

// One relation's, ready to be evaluated. Must not outlive the memory that it was made in.
class Lookups {
 public:
  // Null if no parameters query reads the relation. `memory` keeps what the server allocates.
  // Throws, as do all functions here.
  static std::unique_ptr<Lookups> Make(Relation relation, const std::vector<std::string>* buckets,
                                       MemoryContext memory);

  // What an insert, update or delete means; valid until the next call. CurrentMemoryContext is
  // reset by the caller after each.
  const std::vector<Lookup>& Evaluate(Relation relation, ReorderBufferChange* change);
  // What TRUNCATE means.
  const std::vector<Lookup>& EvaluateTruncate();

  [[nodiscard]] std::string_view Text(Slice slice) const {
    return bytes_.view().substr(slice.from, slice.to - slice.from);
  }
  // Evaluating reads settings of the session.
  [[nodiscard]] bool has_expressions() const { return has_expressions_; }

 private:
  struct Value {
    AttrNumber attnum;
    ExprState* expr;
    ValueEncoder encoder;
  };
  struct Query {
    LookupPlan plan;
    std::vector<Value> values;
    ExprState* filter = nullptr;
    bool can_fail = false;
    bool knows_old = false;
  };
  // What a row gives, if anything.
  struct Given {
    Slice key;
    Slice bucket;
  };

  Lookups() = default;
  Query MakeQuery(LookupPlan plan, Relation relation, MemoryContext memory);
  void EvaluateQuery(Query& query, const ReorderBufferChange* change);
  bool Fill(const Query& query);
  bool Give(Query& query, RowImage& image, std::optional<Given>& given);
  Slice AppendKey(const Query& query, const RowImage& image);

  std::vector<Query> queries_;
  bool has_expressions_ = false;
  bool whole_old_ = false;
  TupleTableSlot* slot_ = nullptr;
  ExprContext* econtext_ = nullptr;
  RowImage old_;
  RowImage new_;
  bool has_old_ = false;
  bool has_new_ = false;
  std::vector<Lookup> lookups_;
  ByteBuffer bytes_;
};

}  // namespace phisync::sync
