#pragma once
// One connection of a consumer: turns decoded changes into records.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/record.h"
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

// Functions throw; after that the stream is of no more use, unless the server goes on by itself, as
// it does where a transaction in progress turns out to be rolled back. A transaction of which
// nothing is sent gives no record.
class Stream {
 public:
  // `hello` is the first record of the connection. `memory`, where the stream keeps what the server
  // allocates for it, and the context must outlive the stream.
  Stream(LogicalDecodingContext* ctx, const StreamOptions& options, ConsumerGrant grant,
         std::string hello, MemoryContext memory);

  // A committed transaction.
  void Begin(const ReorderBufferTXN* txn);
  void Commit(const ReorderBufferTXN* txn);

  // A transaction in progress, of which parts come as its memory grows. What is called for it
  // outside of the parts may read no catalogs.
  void StartPart(const ReorderBufferTXN* txn);
  void StopPart(const ReorderBufferTXN* txn);
  // `txn` may be a subtransaction.
  void Abort(const ReorderBufferTXN* txn);
  void CommitParts(const ReorderBufferTXN* txn);

  // What either is made of.
  void Change(const ReorderBufferTXN* txn, Relation relation, ReorderBufferChange* change);
  void Truncate(const ReorderBufferTXN* txn, int n, Relation relations[],
                const ReorderBufferChange* change);
  void Message(const ReorderBufferTXN* txn, XLogRecPtr lsn, std::string_view prefix,
               std::string_view content);

  // A logical message that is of no transaction. Reads no catalogs.
  void LoneMessage(XLogRecPtr lsn, std::string_view prefix, std::string_view content);

 private:
  // What is known of the transaction that is being decoded.
  struct Transaction {
    bool begun = false;                // its begin, or the first part's start, is written
    bool left_out = false;             // by its origin
    bool changed = false;              // a change was seen, sent or not
    const char* cause = nullptr;       // why rows leave, where a mark says so
    std::set<std::string> recomputed;  // definitions of which a lookup says so already
    // Of a transaction in progress:
    bool in_part = false;
    bool part_begun = false;  // the start of the part is written
    std::uint64_t seq = 0;    // of the last record of the parts before
    // Buckets that a policy record names for their dates, each by the subtransaction that said so,
    // which may yet be undone.
    std::set<std::pair<TransactionId, std::string>> undated;
    pg::Crc32c crc;  // of their records
  };

  void WriteHello();
  // Before each record of a transaction.
  void WriteBegin(const ReorderBufferTXN* txn);
  // Buckets that dates are missing from are to be taken anew.
  void WriteUndated(TransactionId subtransaction);
  // What the consumer is granted of a row of phisync.policy_change.
  void WritePolicy(const ReorderBufferTXN* txn, const PolicyChange& change);
  void WriteClears(const ReorderBufferTXN* txn, int n, Relation relations[],
                   const ReorderBufferChange* change);
  void Sent(XLogRecPtr end);
  void WriteLookups(const ReorderBufferTXN* txn, const Lookups& from,
                    const std::vector<Lookup>& lookups);
  void ReportProgress(XLogRecPtr end);

  StreamOptions options_;
  ConsumerGrant grant_;
  std::string hello_;         // empty once it is written
  MemoryContext row_memory_;  // reset after each change
  LogicalDecodingContext* ctx_;
  DecodingSink sink_;
  Batch batch_;
  RowWriter writer_;
  PlanCache plans_;
  RowEvaluator evaluator_;
  RowChanges changes_;
  Transaction transaction_;
  // Transactions in progress between their parts, by the number of the transaction itself.
  std::unordered_map<TransactionId, Transaction> streamed_;
  XLogRecPtr sent_ = InvalidXLogRecPtr;  // up to where the client knows the log
  TimestampTz sent_at_;
};

}  // namespace phisync::sync
