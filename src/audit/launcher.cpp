// The launcher: one process a server that starts a writer for each database that has events to
// write.

#include <algorithm>

#include "audit/queue_state.h"
#include "audit/writer.h"
#include "pg/boundary.h"

extern "C" {
PGDLLEXPORT void phisync_audit_launcher_main(Datum);
}

namespace phisync::audit {
namespace {

constexpr int kFirstRetryMs = 500;
constexpr int kLastRetryMs = 60000;
constexpr int kIdleMs = 60000;

void Describe(BackgroundWorker* worker, const char* role, const char* function) {
  memset(worker, 0, sizeof(*worker));
  snprintf(worker->bgw_name, BGW_MAXLEN, "phisync audit %s", role);
  snprintf(worker->bgw_type, BGW_MAXLEN, "phisync audit %s", role);
  snprintf(worker->bgw_library_name, sizeof(worker->bgw_library_name), "phisync");
  snprintf(worker->bgw_function_name, sizeof(worker->bgw_function_name), "%s", function);
  worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
}

bool DatabaseExists(Oid database) {
  StartTransactionCommand();
  const bool exists = SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
  CommitTransactionCommand();
  return exists;
}

void StartWriter(Oid database) {
  BackgroundWorker worker;
  Describe(&worker, "writer", "phisync_audit_writer_main");
  // Not by the postmaster: a database that is gone must not be tried for ever.
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  worker.bgw_main_arg = ObjectIdGetDatum(database);
  if (!RegisterDynamicBackgroundWorker(&worker, nullptr)) {
    ereport(WARNING, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                      errmsg("no background worker is free to write the audit trail"),
                      errhint("Raise max_worker_processes.")));
  }
}

long RetryMs(int failures) {
  return failures == 0 ? 0 : std::min(kFirstRetryMs << std::min(failures - 1, 10), kLastRetryMs);
}

// The next database that is due for a writer, and in *wait_ms how long until another one can be.
Oid NextDue(long* wait_ms) {
  const TimestampTz now = GetCurrentTimestamp();
  Oid due = InvalidOid;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  for (Queue& queue : shared->queues) {
    const bool pending = queue.head != kNoBlock || queue.lost != 0;
    if (queue.database == InvalidOid || !pending || queue.writer_pid != 0) continue;
    const TimestampTz at =
        std::max(TimestampTzPlusMilliseconds(queue.started_at, RetryMs(queue.failures)),
                 queue.stay_away_until);
    if (at > now) {
      *wait_ms = std::min(*wait_ms, TimestampDifferenceMilliseconds(now, at) + 1);
    } else if (due == InvalidOid) {
      due = queue.database;
      queue.started_at = now;
      ++queue.failures;
    }
  }
  LWLockRelease(shared->lock);
  return due;
}

void ForgetLauncher(int, Datum) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  shared->launcher_latch = nullptr;
  LWLockRelease(shared->lock);
}

[[noreturn]] void Launch() {
  pqsignal(SIGTERM, die);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  // Shared catalogs alone.
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  before_shmem_exit(ForgetLauncher, Datum(0));
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  shared->launcher_latch = MyLatch;
  LWLockRelease(shared->lock);
  for (;;) {
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
    }
    long wait_ms = kIdleMs;
    for (Oid due = NextDue(&wait_ms); due != InvalidOid; due = NextDue(&wait_ms)) {
      if (DatabaseExists(due)) {
        StartWriter(due);
      } else {
        Discard(due);
      }
    }
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait_ms, PG_WAIT_EXTENSION);
  }
}

}  // namespace

void InitLauncher() {
  BackgroundWorker worker;
  Describe(&worker, "launcher", "phisync_audit_launcher_main");
  worker.bgw_restart_time = 1;
  RegisterBackgroundWorker(&worker);
}

}  // namespace phisync::audit

void phisync_audit_launcher_main(Datum) {
  phisync::audit::Launch();
}
