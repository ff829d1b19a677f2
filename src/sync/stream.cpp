#include "sync/stream.h"

#include <algorithm>
#include <utility>

#include "core/record.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/crc32c.h"
#include "pg/fixed_settings.h"

namespace phisync::sync {
namespace {

// A client that gets nothing learns so often how far the log was read.
constexpr std::uint64_t kProgressBytes = 1024 * 1024;
constexpr int kProgressMilliseconds = 10 * 1000;

// Contents of logical messages beyond this are left out: escaped, they might not fit into a record.
constexpr std::size_t kMaxContentBytes = 128UL * 1024 * 1024;

// Marks at the head of a transaction that say why its rows leave.
constexpr struct {
  std::string_view prefix;
  const char* cause;
} kMarks[] = {{"phisync.retention", "retention"}, {"phisync.erasure", "erasure"}};

// Null if the origin does not exist any more.
const char* OriginName(RepOriginId origin) {
  char* name = nullptr;
  pg::Call([&] {
    MemoryContext const memory = CurrentMemoryContext;
    const bool own_transaction = !IsTransactionState();
    if (own_transaction) StartTransactionCommand();
    char* found = nullptr;
    if (replorigin_by_oid(origin, true, &found)) name = MemoryContextStrdup(memory, found);
    if (own_transaction) CommitTransactionCommand();
    MemoryContextSwitchTo(memory);
  });
  return name;
}

bool IsUtf8(std::string_view text) {
  return pg::Call(
      [&] { return pg_verify_mbstr(PG_UTF8, text.data(), static_cast<int>(text.size()), true); });
}

void AppendMessage(ByteBuffer& out, std::optional<RecordSeq> seq, XLogRecPtr lsn,
                   std::string_view prefix, std::string_view content) {
  std::optional<std::string_view> kept;
  if (content.size() <= kMaxContentBytes) kept = content;
  phisync::AppendMessage(out, seq, lsn, prefix, kept, kept && IsUtf8(*kept));
}

}  // namespace

Stream::Stream(LogicalDecodingContext* ctx, const StreamOptions& options, ConsumerGrant grant,
               std::string hello, MemoryContext memory)
    : options_(options),
      grant_(std::move(grant)),
      hello_(std::move(hello)),
      row_memory_(pg::Call(
          [&] { return AllocSetContextCreate(memory, "phisync row", ALLOCSET_DEFAULT_SIZES); })),
      ctx_(ctx),
      sink_(ctx),
      batch_(sink_, options.batch_bytes),
      writer_(batch_, options.on_error),
      plans_(ctx, memory, grant_.Restriction(), options.encode),
      evaluator_(InShard(options.shard)),
      sent_at_(GetCurrentTimestamp()) {}

void Stream::Begin(const ReorderBufferTXN* txn) {
  transaction_ = {};
  writer_.Restart();
  plans_.BeginTransaction(txn);
  if (options_.origin.any()) return;
  std::optional<std::string_view> origin;
  if (txn->origin_id != InvalidRepOriginId) {
    const char* const name = OriginName(txn->origin_id);
    origin = name == nullptr ? "" : name;
  }
  transaction_.left_out = !options_.origin.Includes(origin);
}

void Stream::Change(const ReorderBufferTXN* txn, Relation relation, ReorderBufferChange* change) {
  transaction_.changed = true;
  Target* const target = transaction_.left_out ? nullptr : &plans_.Find(relation);
  const bool is_policy =
      target != nullptr && target->is_policy && change->action == REORDER_BUFFER_CHANGE_INSERT;
  if (target == nullptr || (target->queries.empty() && !target->lookups && !is_policy)) {
    pg::Call([&] { pg::KeepAlive(ctx_); });
    return;
  }
  if (transaction_.in_part) {
    writer_.SetSubtransaction(change->txn == txn ? InvalidTransactionId : change->txn->xid);
  }
  MemoryContext const before = MemoryContextSwitchTo(row_memory_);
  if (is_policy) {
    WritePolicy(txn, ReadPolicyChange(relation, pg::NewTuple(change)));
  } else {
    const pg::FixedSettings fixed;  // which expressions read
    if (!target->queries.empty()) {
      std::optional<TimestampTz> committed;
      if (!transaction_.in_part) committed = txn->xact_time.commit_time;
      evaluator_.Evaluate(*target, relation, change, committed, changes_);
      if (options_.on_error == OnError::kSkip) changes_.errors.clear();
      if (!changes_.empty()) {
        WriteBegin(txn);
        writer_.Write(changes_, relation, change->lsn, transaction_.cause);
        if (transaction_.in_part) WriteUndated(change->txn->xid);
      }
    }
    if (target->lookups) {
      WriteLookups(txn, *target->lookups, target->lookups->Evaluate(relation, change));
    }
  }
  MemoryContextSwitchTo(before);
  MemoryContextReset(row_memory_);
  batch_.FlushIfFull();
}

void Stream::WriteUndated(TransactionId subtransaction) {
  std::vector<std::string> patterns;
  for (const Put& put : changes_.puts) {
    if (!put.undated) continue;
    for (std::uint32_t i = 0; i < put.bucket_count; i++) {
      const std::string_view id = changes_.Text(changes_.buckets[put.first_bucket + i]);
      std::string pattern = std::string(id.substr(0, id.find('['))) + "[*]";
      if (transaction_.undated.emplace(subtransaction, pattern).second) {
        patterns.push_back(std::move(pattern));
      }
    }
  }
  if (patterns.empty()) return;
  const std::vector<std::string_view> views(patterns.begin(), patterns.end());
  AppendPolicy(batch_.records(), writer_.NextSeq(), std::nullopt,
               "ages not known before the commit", views);
}

void Stream::WriteLookups(const ReorderBufferTXN* txn, const Lookups& from,
                          const std::vector<Lookup>& lookups) {
  auto text = [&](const std::optional<Slice>& slice) {
    return slice ? std::optional(from.Text(*slice)) : std::nullopt;
  };
  for (const Lookup& lookup : lookups) {
    // Of a transaction in progress, the subtransaction that said so may yet be undone.
    if (!lookup.exact && !transaction_.in_part &&
        !transaction_.recomputed.insert(*lookup.bucket).second) {
      continue;
    }
    WriteBegin(txn);
    AppendLookup(batch_.records(), {.seq = writer_.NextSeq(),
                                    .bucket = *lookup.bucket,
                                    .key_json = text(lookup.key),
                                    .was = text(lookup.was),
                                    .is = text(lookup.is)});
  }
}

void Stream::WritePolicy(const ReorderBufferTXN* txn, const PolicyChange& change) {
  for (const PolicyChange::Clear& clear : change.clears) {
    if (!grant_.Includes(clear.bucket)) continue;
    WriteBegin(txn);
    AppendClear(batch_.records(), writer_.NextSeq(), clear.bucket + "[*]", clear.type,
                clear.ordinal, clear.reason);
  }
  std::vector<std::string> patterns;
  for (const std::string& bucket : change.rebuild) {
    if (grant_.Includes(bucket)) patterns.push_back(bucket + "[*]");
  }
  if (patterns.empty()) return;
  WriteBegin(txn);
  const std::vector<std::string_view> views(patterns.begin(), patterns.end());
  AppendPolicy(batch_.records(), writer_.NextSeq(), change.version, change.what, views);
}

void Stream::Truncate(const ReorderBufferTXN* txn, int n, Relation relations[],
                      const ReorderBufferChange* change) {
  transaction_.changed = true;
  if (transaction_.left_out) return;
  if (transaction_.in_part) {
    writer_.SetSubtransaction(change->txn == txn ? InvalidTransactionId : change->txn->xid);
  }
  MemoryContext const before = MemoryContextSwitchTo(row_memory_);
  WriteClears(txn, n, relations, change);
  for (int i = 0; i < n; i++) {
    const Target& target = plans_.Find(relations[i]);
    if (target.lookups) WriteLookups(txn, *target.lookups, target.lookups->EvaluateTruncate());
  }
  MemoryContextSwitchTo(before);
  MemoryContextReset(row_memory_);
  batch_.FlushIfFull();
}

// Of a partitioned table that is emptied, the server names the partitions, too. Where it names
// partitions alone, rows of others were made by the same query: they are to be taken anew.
void Stream::WriteClears(const ReorderBufferTXN* txn, int n, Relation relations[],
                         const ReorderBufferChange* change) {
  std::vector<std::pair<std::string, int>> cleared;
  std::vector<std::string> rebuild;
  for (int i = 0; i < n; i++) {
    for (const Query& query : plans_.Find(relations[i]).queries) {
      const QueryPlan& plan = *query.plan;
      if (std::ranges::find(cleared, std::pair(plan.bucket, plan.ordinal)) != cleared.end()) {
        continue;
      }
      cleared.emplace_back(plan.bucket, plan.ordinal);
      if (plan.type.empty()) {
        if (options_.on_error == OnError::kSkip) continue;
        WriteBegin(txn);
        writer_.WriteError(relations[i], change->lsn, plan.refused_sqlstate);
        continue;
      }
      WriteBegin(txn);
      std::string pattern = plan.bucket + "[*]";
      AppendClear(batch_.records(), writer_.NextSeq(), pattern, plan.type, plan.ordinal,
                  "truncate");
      const bool whole = std::any_of(relations, relations + n, [&](Relation relation) {
        return RelationGetRelid(relation) == plan.relation;
      });
      if (!whole && std::ranges::find(rebuild, pattern) == rebuild.end()) {
        rebuild.push_back(std::move(pattern));
      }
    }
  }
  if (rebuild.empty()) return;
  const std::vector<std::string_view> views(rebuild.begin(), rebuild.end());
  AppendPolicy(batch_.records(), writer_.NextSeq(), std::nullopt, "partition truncated", views);
}

void Stream::Message(const ReorderBufferTXN* txn, XLogRecPtr lsn, std::string_view prefix,
                     std::string_view content) {
  if (!transaction_.changed && !transaction_.begun) {
    for (const auto& mark : kMarks) {
      if (prefix == mark.prefix) transaction_.cause = mark.cause;
    }
  }
  if (transaction_.left_out || !options_.messages.Includes(prefix)) return;
  if (transaction_.in_part) writer_.SetSubtransaction(pg::SubtransactionOfMessage(txn, lsn));
  WriteBegin(txn);
  AppendMessage(batch_.records(), writer_.NextSeq(), lsn, prefix, content);
  batch_.FlushIfFull();
}

void Stream::LoneMessage(XLogRecPtr lsn, std::string_view prefix, std::string_view content) {
  // What was committed before it is sent, as the message comes in the order of the log.
  if (!options_.messages.Includes(prefix)) return ReportProgress(lsn);
  WriteHello();
  AppendMessage(batch_.records(), std::nullopt, lsn, prefix, content);
  batch_.Flush();
}

void Stream::WriteBegin(const ReorderBufferTXN* txn) {
  if (transaction_.in_part) {
    if (transaction_.part_begun) return;
    WriteHello();
    AppendStreamStart(batch_.records(), txn->xid);
    batch_.StartChecksum(transaction_.crc);
    transaction_.part_begun = true;
    transaction_.begun = true;
    return;
  }
  if (transaction_.begun) return;
  WriteHello();
  BeginRecord begin{.xid = txn->xid,
                    .lsn = txn->final_lsn,
                    .time = txn->xact_time.commit_time,
                    .origin = {},
                    .cause = {},
                    .snapshot = {}};
  if (txn->origin_id != InvalidRepOriginId) {
    const char* const name = OriginName(txn->origin_id);
    if (name != nullptr) begin.origin = name;
  }
  if (transaction_.cause != nullptr) begin.cause = transaction_.cause;
  batch_.StartChecksum();
  AppendBegin(batch_.records(), begin);
  transaction_.begun = true;
}

void Stream::WriteHello() {
  batch_.records().Append(hello_);
  hello_.clear();
}

void Stream::Commit(const ReorderBufferTXN* txn) {
  if (transaction_.begun) {
    const std::uint32_t crc = batch_.Checksum();
    AppendCommit(batch_.records(), txn->final_lsn, txn->end_lsn, writer_.seq(), crc);
    Sent(txn->end_lsn);
  } else {
    ReportProgress(txn->end_lsn);
  }
  const bool skipped = !transaction_.begun;
  pg::Call([&] { OutputPluginUpdateProgress(ctx_, skipped); });
  plans_.EndTransaction();
  transaction_ = {};
}

void Stream::StartPart(const ReorderBufferTXN* txn) {
  transaction_ = streamed_[txn->xid];
  transaction_.in_part = true;
  writer_.Restart(transaction_.seq);
  plans_.Forget();
}

void Stream::StopPart(const ReorderBufferTXN* txn) {
  if (transaction_.part_begun) {
    transaction_.crc = batch_.PauseChecksum();
    AppendStreamStop(batch_.records(), txn->xid);
    batch_.Flush();
  }
  transaction_.seq = writer_.seq();
  transaction_.in_part = false;
  transaction_.part_begun = false;
  streamed_[txn->xid] = std::exchange(transaction_, {});
  writer_.SetSubtransaction(InvalidTransactionId);
  plans_.Forget();
}

void Stream::Abort(const ReorderBufferTXN* txn) {
  const TransactionId xid = txn->toptxn == nullptr ? txn->xid : txn->toptxn->xid;
  const auto found = streamed_.find(xid);
  if (found == streamed_.end()) return;
  if (found->second.begun) {
    AppendStreamAbort(batch_.records(), xid, txn->xid);
    batch_.Flush();
  }
  if (xid == txn->xid) streamed_.erase(found);
}

void Stream::CommitParts(const ReorderBufferTXN* txn) {
  const auto found = streamed_.find(txn->xid);
  const Transaction transaction = found == streamed_.end() ? Transaction() : found->second;
  if (transaction.begun) {
    StreamCommitRecord commit{.xid = txn->xid,
                              .lsn = txn->final_lsn,
                              .end = txn->end_lsn,
                              .time = txn->xact_time.commit_time,
                              .origin = {},
                              .cause = {},
                              .count = transaction.seq,
                              .crc = transaction.crc.Value()};
    const char* const origin =
        txn->origin_id == InvalidRepOriginId ? nullptr : OriginName(txn->origin_id);
    if (origin != nullptr) commit.origin = origin;
    if (transaction.cause != nullptr) commit.cause = transaction.cause;
    AppendStreamCommit(batch_.records(), commit);
    Sent(txn->end_lsn);
  } else {
    ReportProgress(txn->end_lsn);
  }
  pg::Call([&] { OutputPluginUpdateProgress(ctx_, !transaction.begun); });
  if (found != streamed_.end()) streamed_.erase(found);
}

void Stream::Sent(XLogRecPtr end) {
  batch_.Flush();
  sent_ = end;
  sent_at_ = GetCurrentTimestamp();
}

void Stream::ReportProgress(XLogRecPtr end) {
  if (sent_ == InvalidXLogRecPtr) sent_ = end;
  if (end - sent_ < kProgressBytes &&
      !TimestampDifferenceExceeds(sent_at_, GetCurrentTimestamp(), kProgressMilliseconds)) {
    return;
  }
  WriteHello();
  AppendProgress(batch_.records(), end);
  Sent(end);
}

}  // namespace phisync::sync
