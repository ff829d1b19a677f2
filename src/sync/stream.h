#pragma once
// One connection of a consumer: turns decoded changes into records.

#include <set>
#include <string>
#include <string_view>

#include "pg/decoding.h"
#include "sync/batch.h"
#include "sync/consumer.h"
#include "sync/lookup.h"
#include "sync/options.h"
#include "sync/plan_cache.h"
#include "sync/policy.h"
#include "sync/row.h"
#include "sync/row_writer.h"

namespace phisync::sync {

// Functions throw; after that the stream is of no more use. A transaction of which nothing is sent
// gives no record.
class Stream {
 public:
  // `hello` is the first record of the connection. `memory`, where the stream keeps what the server
  // allocates for it, and the context must outlive the stream.
  Stream(LogicalDecodingContext* ctx, const StreamOptions& options, ConsumerGrant grant,
         std::string hello, MemoryContext memory);

  void Begin(const ReorderBufferTXN* txn);
  void Change(const ReorderBufferTXN* txn, Relation relation, ReorderBufferChange* change);
  void Truncate(const ReorderBufferTXN* txn, int n, Relation relations[],
                const ReorderBufferChange* change);
  void Message(bool transactional, std::string_view prefix);
  void Commit(const ReorderBufferTXN* txn);

 private:
  // What is known of the transaction that is being decoded.
  struct Transaction {
    bool begun = false;                // its begin is written
    bool changed = false;              // a change was seen, sent or not
    std::set<std::string> recomputed;  // definitions of which a lookup says so already
    bool pinned = false;               // settings that expressions read are held fixed
    const char* cause = nullptr;       // why rows leave, where a mark says so
  };

  void PinSettings(const Target& target);
  void WriteHello();
  void WriteBegin(const ReorderBufferTXN* txn);
  // What the consumer is granted of a row of phisync.policy_change.
  void WritePolicy(const ReorderBufferTXN* txn, const PolicyChange& change);
  void WriteLookups(const ReorderBufferTXN* txn, const Lookups& from,
                    const std::vector<Lookup>& lookups);
  void ReportProgress(XLogRecPtr end);

  ConsumerGrant grant_;
  std::string hello_;         // empty once it is written
  MemoryContext row_memory_;  // reset after each change
  LogicalDecodingContext* ctx_;
  DecodingSink sink_;
  Batch batch_;
  RowWriter writer_;  // also numbers the records that are not about rows
  PlanCache plans_;
  RowEvaluator evaluator_;
  RowChanges changes_;
  Transaction transaction_;
  XLogRecPtr sent_ = InvalidXLogRecPtr;  // up to where the client knows the log
  TimestampTz sent_at_;
};

}  // namespace phisync::sync
