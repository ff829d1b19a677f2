#pragma once
// The rows of buckets as a snapshot of the database shows them, evaluated as the stream does.

#include <memory>
#include <string>
#include <vector>

#include "sync/bucket_scope.h"
#include "sync/options.h"
#include "sync/plan_cache.h"
#include "sync/row.h"
#include "sync/table_reader.h"

namespace phisync::sync {

// One row after the other: table by table, each in the order of its heap, or of an index where
// single buckets are asked for and one finds all their rows. No privilege on the tables is asked
// for, and no row security applied: definers were. Definitions and tags are those of today.
class BucketRows {
 public:
  // Reads what the active snapshot shows, which the server keeps until Close. Keeps its memory
  // under `memory`, which must outlive the object.
  BucketRows(BucketScope scope, const StreamOptions& options, MemoryContext memory);
  BucketRows(const BucketRows&) = delete;  // the evaluator refers to it
  BucketRows& operator=(const BucketRows&) = delete;

  // False at the end. Throws; after that the object is of no more use.
  bool Next();
  // What the row gives, restricted to the buckets in scope and shard: puts and errors, at least one
  // of both. A data query that gives no records gives one error for its table.
  [[nodiscard]] const RowChanges& changes() const { return changes_; }
  [[nodiscard]] Relation relation() const { return relation_; }

  // Gives back what the server holds for the reading. Not to be called after an error: the server
  // has released it by then.
  void Close();

 private:
  // One reading of a table.
  struct Pass {
    std::string bucket;  // empty: all queries that are not refused, else one:
    int ordinal = 0;
    IndexKeys keys;  // index invalid: all rows
  };

  [[nodiscard]] RowEvaluator::Wanted WantedBuckets() const;
  void ListTables();
  bool OpenTable();
  void PlanPasses();
  void OpenPass();
  bool ReadRow();
  void EndPass();
  IndexKeys FindKeys(const QueryPlan& query);
  BucketScope scope_;
  StreamOptions options_;
  std::vector<std::string> names_;
  std::vector<Oid> tables_;   // that hold rows, the next one last
  std::vector<Pass> passes_;  // of the table at hand, the next one last
  MemoryContext memory_;
  MemoryContext table_memory_;  // reset after each table
  MemoryContext row_memory_;    // reset before each row
  Snapshot snapshot_ = nullptr;
  Relation relation_ = nullptr;
  std::unique_ptr<Target> target_;  // null between passes
  TableReader reader_;
  RowEvaluator evaluator_;
  RowChanges changes_;
};

}  // namespace phisync::sync
