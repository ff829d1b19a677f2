#include "sync/stream.h"

#include <utility>

#include "core/record.h"
#include "pg/boundary.h"
#include "pg/catalog.h"

namespace phisync::sync {
namespace {

// A client that gets nothing learns so often how far the log was read.
constexpr std::uint64_t kProgressBytes = 1024 * 1024;
constexpr int kProgressMilliseconds = 10 * 1000;

// Marks at the head of a transaction that say why its rows leave.
constexpr struct {
  std::string_view prefix;
  const char* cause;
} kMarks[] = {{"phisync.retention", "retention"}, {"phisync.erasure", "erasure"}};

}  // namespace

Stream::Stream(LogicalDecodingContext* ctx, const StreamOptions& options, ConsumerGrant grant,
               std::string hello, MemoryContext memory)
    : grant_(std::move(grant)),
      hello_(std::move(hello)),
      row_memory_(pg::Call(
          [&] { return AllocSetContextCreate(memory, "phisync row", ALLOCSET_DEFAULT_SIZES); })),
      ctx_(ctx),
      sink_(ctx),
      batch_(sink_, options.batch_bytes),
      writer_(batch_),
      plans_(ctx, memory, grant_.Restriction()),
      sent_at_(GetCurrentTimestamp()) {}

void Stream::Begin(const ReorderBufferTXN* txn) {
  transaction_ = {};
  writer_.Restart();
  plans_.BeginTransaction(txn);
}

void Stream::Change(const ReorderBufferTXN* txn, Relation relation, ReorderBufferChange* change) {
  transaction_.changed = true;
  Target& target = plans_.Find(relation);
  if (target.is_policy && change->action == REORDER_BUFFER_CHANGE_INSERT) {
    MemoryContext const before = MemoryContextSwitchTo(row_memory_);
    WritePolicy(txn, ReadPolicyChange(relation, pg::NewTuple(change)));
    MemoryContextSwitchTo(before);
    MemoryContextReset(row_memory_);
    batch_.FlushIfFull();
    return;
  }
  if (target.queries.empty()) {
    pg::Call([&] { pg::KeepAlive(ctx_); });
    return;
  }
  MemoryContext const before = MemoryContextSwitchTo(row_memory_);
  pg::Call([&] { PinSettings(target); });
  evaluator_.Evaluate(target, relation, change, changes_);
  if (!changes_.empty()) {
    WriteBegin(txn);
    writer_.Write(changes_, relation, change->lsn, transaction_.cause);
  }
  MemoryContextSwitchTo(before);
  MemoryContextReset(row_memory_);
  batch_.FlushIfFull();
}

// Output functions that expressions call read settings of the session. The transaction in which the
// server decodes is always undone at its end, and these settings with it.
void Stream::PinSettings(const Target& target) {
  if (transaction_.pinned || !target.has_expressions) return;
  constexpr const char* kSettings[][2] = {{"extra_float_digits", "1"},
                                          {"bytea_output", "hex"},
                                          {"DateStyle", "ISO, YMD"},
                                          {"IntervalStyle", "postgres"},
                                          {"TimeZone", "UTC"}};
  for (const auto& setting : kSettings) {
    set_config_option(setting[0], setting[1], PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                      false);
  }
  transaction_.pinned = true;
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
  MemoryContext const before = MemoryContextSwitchTo(row_memory_);
  for (int i = 0; i < n; i++) {
    for (const Query& query : plans_.Find(relations[i]).queries) {
      WriteBegin(txn);
      if (query.plan->type.empty()) {
        writer_.WriteError(relations[i], change->lsn, query.plan->refused_sqlstate);
      } else {
        AppendClear(batch_.records(), writer_.NextSeq(), query.plan->bucket + "[*]",
                    query.plan->type, query.plan->ordinal, "truncate");
      }
    }
  }
  MemoryContextSwitchTo(before);
  MemoryContextReset(row_memory_);
  batch_.FlushIfFull();
}

void Stream::Message(bool transactional, std::string_view prefix) {
  if (!transactional || transaction_.changed) return;
  for (const auto& mark : kMarks) {
    if (prefix == mark.prefix) transaction_.cause = mark.cause;
  }
}

void Stream::WriteBegin(const ReorderBufferTXN* txn) {
  if (transaction_.begun) return;
  WriteHello();
  BeginRecord begin{.xid = txn->xid,
                    .lsn = txn->final_lsn,
                    .time = txn->xact_time.commit_time,
                    .origin = {},
                    .cause = {},
                    .snapshot = {}};
  if (txn->origin_id != InvalidRepOriginId) {
    char* name = nullptr;
    pg::Call([&] { replorigin_by_oid(txn->origin_id, true, &name); });
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
    batch_.Flush();
    sent_ = txn->end_lsn;
    sent_at_ = GetCurrentTimestamp();
  } else {
    ReportProgress(txn->end_lsn);
  }
  const bool skipped = !transaction_.begun;
  pg::Call([&] { OutputPluginUpdateProgress(ctx_, skipped); });
  plans_.EndTransaction();
  transaction_ = {};
}

void Stream::ReportProgress(XLogRecPtr end) {
  const TimestampTz now = GetCurrentTimestamp();
  if (sent_ == InvalidXLogRecPtr) sent_ = end;
  if (end - sent_ < kProgressBytes &&
      !TimestampDifferenceExceeds(sent_at_, now, kProgressMilliseconds)) {
    return;
  }
  WriteHello();
  AppendProgress(batch_.records(), end);
  batch_.Flush();
  sent_ = end;
  sent_at_ = now;
}

}  // namespace phisync::sync
