// The writer: one process a database that takes events from the queue and commits them to the
// trail.

#include "audit/writer.h"

#include <vector>

#include "audit/queue_state.h"
#include "audit/trail.h"
#include "core/error.h"
#include "pg/boundary.h"
#include "pg/executor.h"

extern "C" {
PGDLLEXPORT void phisync_audit_writer_main(Datum);
}

namespace phisync::audit {
namespace {

constexpr int kGatherMs = 5;        // how long a batch waits for company
constexpr int kIdleExitMs = 60000;  // an idle writer gives its worker slot back
constexpr int kShutdownMs = 5000;   // how long a stopping writer waits for statements to end

bool is_writer = false;

void OnExit(int, Datum) {
  DetachWriter();
}

// A gap event for what the queue had to turn away, or for an event that cannot be read.
Event Gap(std::uint64_t lost, TimestampTz from, TimestampTz until) {
  Event gap;
  gap.source = EventSource::kGap;
  gap.outcome = Outcome::kError;
  gap.rows = -1;
  gap.lost = lost;
  gap.started_at = from;
  gap.finished_at = until;
  if (!pg_strong_random(gap.id.data(), gap.id.size())) {
    throw Error("XX000", "could not generate random bytes for an audit event");
  }
  return gap;
}

std::vector<Event> DecodeAll(const Batch& batch) {
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(batch.count) + 1);
  for (int i = 0; i < batch.count; ++i) {
    try {
      events.push_back(Decode({batch.events[i], batch.sizes[i]}));
    } catch (const Error& e) {
      const TimestampTz now = GetCurrentTimestamp();
      pg::Call([&] { ereport(WARNING, (errmsg("%s", e.what()))); });
      events.push_back(Gap(1, now, now));
    }
  }
  if (batch.lost != 0) events.push_back(Gap(batch.lost, batch.lost_from, batch.lost_until));
  return events;
}

// Writes and commits one batch; false if this database has no trail any more.
bool WriteBatch() {
  MemoryContext memory =
      AllocSetContextCreate(TopMemoryContext, "phisync audit batch", ALLOCSET_DEFAULT_SIZES);
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  PushActiveSnapshot(GetTransactionSnapshot());
  MemoryContext transaction = MemoryContextSwitchTo(memory);
  auto* batch = static_cast<Batch*>(palloc(sizeof(Batch)));
  Peek(batch);
  const bool trail = OidIsValid(LockTrail());
  pgstat_report_activity(STATE_RUNNING, "writing audit events");
  if (trail) pg::Entry([&] { WriteTrail(DecodeAll(*batch)); });
  MemoryContextSwitchTo(transaction);
  PopActiveSnapshot();
  CommitTransactionCommand();
  if (trail) {
    Consume(batch);
  } else {
    Discard(MyDatabaseId);
    ereport(
        LOG,
        (errmsg("audit events were discarded: the database has no extension phisync any more")));
  }
  MemoryContextDelete(memory);
  pgstat_report_stat(true);
  pgstat_report_activity(STATE_IDLE, nullptr);
  return trail;
}

void Configure() {
  // Someone may wait for the disk; nobody's timeouts, read-only default or replication role apply.
  if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF) {
    SetConfigOption("synchronous_commit", "local", PGC_SUSET, PGC_S_OVERRIDE);
  }
  for (const char* timeout :
       {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"}) {
    SetConfigOption(timeout, "0", PGC_SUSET, PGC_S_OVERRIDE);
  }
  SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
}

// Writes until nothing is left and no statement is under way that still will hand over an event.
void Drain() {
  const TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kShutdownMs);
  while (EventsUnderWay() && GetCurrentTimestamp() < deadline) {
    if (NextWork() == Work::kIdle) {
      pg_usleep(10000);
    } else if (!WriteBatch()) {
      return;
    }
  }
}

void Write(Oid database) {
  // Not die(): what is in the queue is written before the server goes down.
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  before_shmem_exit(OnExit, Datum(0));
  if (!AttachWriter(database)) return;
  is_writer = true;
  BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
  Configure();
  bool gathered = false;
  for (;;) {
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (ShutdownRequestPending) {
      Drain();
      return;
    }
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
    }
    const Work work = NextWork();
    if (work == Work::kLeave) return;
    if (work == Work::kWrite || (work == Work::kGather && gathered)) {
      gathered = false;
      if (!WriteBatch()) return;
      continue;
    }
    const int woken = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                work == Work::kGather ? kGatherMs : kIdleExitMs, PG_WAIT_EXTENSION);
    gathered = work == Work::kGather && (woken & WL_TIMEOUT) != 0;
    if (work == Work::kIdle && (woken & WL_TIMEOUT) != 0 && NextWork() == Work::kIdle) return;
  }
}

}  // namespace

bool IsWriter() {
  return is_writer;
}

}  // namespace phisync::audit

void phisync_audit_writer_main(Datum database) {
  phisync::audit::Write(DatumGetObjectId(database));
}
