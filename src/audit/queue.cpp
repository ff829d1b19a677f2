#include "audit/queue.h"

#include <cstring>

#include "audit/queue_state.h"
#include "audit/settings.h"

namespace phisync::audit {
namespace {

constexpr const char* kTranche = "phisync";
// One database whose writer is stuck must leave room for the others.
constexpr std::uint32_t kShareNumerator = 3;
constexpr std::uint32_t kShareDenominator = 4;

shmem_request_hook_type previous_request = nullptr;
shmem_startup_hook_type previous_startup = nullptr;

std::uint64_t awaited = 0;  // the last event that this session pushed and has not seen on disk

std::uint32_t PoolBlocks() {
  return static_cast<std::uint32_t>(static_cast<std::size_t>(QueueSizeKb()) * 1024 / sizeof(Block));
}

std::size_t SharedBytes() {
  return offsetof(Shared, pool) + PoolBlocks() * sizeof(Block);
}

void RequestMemory() {
  if (previous_request != nullptr) previous_request();
  RequestAddinShmemSpace(SharedBytes());
  RequestNamedLWLockTranche(kTranche, 1);
}

void StartUp() {
  if (previous_startup != nullptr) previous_startup();
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  bool found = false;
  shared = static_cast<Shared*>(ShmemInitStruct("phisync audit queue", SharedBytes(), &found));
  if (!found) {
    memset(shared, 0, offsetof(Shared, pool));
    shared->lock = &GetNamedLWLockTranche(kTranche)->lock;
    ConditionVariableInit(&shared->moved);
    shared->blocks = shared->free_blocks = PoolBlocks();
    for (std::uint32_t i = 0; i < shared->blocks; ++i) {
      shared->pool[i].next = i + 1 < shared->blocks ? i + 1 : kNoBlock;
    }
    for (Queue& queue : shared->queues) queue.head = queue.tail = kNoBlock;
  }
  LWLockRelease(AddinShmemInitLock);
}

// Under the lock. Null when more databases than queues have events on their way.
Queue* FindOrMakeQueue(Oid database) {
  if (Queue* queue = FindQueue(database)) return queue;
  for (Queue& queue : shared->queues) {
    const bool idle =
        queue.head == kNoBlock && queue.reserved == 0 && queue.lost == 0 && queue.writer_pid == 0;
    if (queue.database != InvalidOid && !idle) continue;
    memset(&queue, 0, sizeof(queue));
    queue.database = database;
    queue.head = queue.tail = kNoBlock;
    return &queue;
  }
  return nullptr;
}

// Under the lock.
bool HasRoom(const Queue* queue, std::uint32_t blocks) {
  const std::uint32_t share = shared->blocks / kShareDenominator * kShareNumerator;
  return shared->free_blocks - shared->reserved >= blocks &&
         queue->used + queue->reserved + blocks <= share;
}

// Sleeps until something moved or the time is over; false when it is over. May raise on a cancel.
bool SleepUntil(TimestampTz deadline) {
  const long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
  if (left <= 0) return false;
  // Not for long at once: the launcher is to hear of it again if a writer died meanwhile.
  ConditionVariableTimedSleep(&shared->moved, Min(left, 1000L), PG_WAIT_EXTENSION);
  return true;
}

TimestampTz Deadline() {
  return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WaitTimeoutMs());
}

void WakeLauncher() {
  LWLockAcquire(shared->lock, LW_SHARED);
  Latch* launcher = shared->launcher_latch;
  LWLockRelease(shared->lock);
  if (launcher != nullptr) SetLatch(launcher);
}

void CountLost() {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (Queue* queue = FindOrMakeQueue(MyDatabaseId)) {
    const TimestampTz now = GetCurrentTimestamp();
    if (queue->lost++ == 0) queue->lost_from = now;
    queue->lost_until = now;
  }
  LWLockRelease(shared->lock);
}

// Whether the first `target` events of this database are flushed; if not, tells the writer to
// hurry.
bool Flushed(std::uint64_t target) {
  Latch* wake = nullptr;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  Queue* queue = FindQueue(MyDatabaseId);
  // A queue that was given away since was empty then.
  const bool done = queue == nullptr || queue->flushed >= target || queue->pushed < target;
  if (!done) {
    queue->urgent = Max(queue->urgent, target);
    wake = queue->writer_latch != nullptr ? queue->writer_latch : shared->launcher_latch;
  }
  LWLockRelease(shared->lock);
  if (wake != nullptr) SetLatch(wake);
  return done;
}

bool WaitFlushed(std::uint64_t target) {
  if (Flushed(target)) return true;
  const TimestampTz deadline = Deadline();
  ConditionVariablePrepareToSleep(&shared->moved);
  bool done = false;
  while (!(done = Flushed(target)) && SleepUntil(deadline)) {
  }
  ConditionVariableCancelSleep();
  return done;
}

[[noreturn]] void RaiseUnavailable(const char* what) {
  ereport(
      ERROR,
      (errcode(MAKE_SQLSTATE('P', 'H', 'A', '0', '1')), errmsg("%s", what),
       errdetail("The writer of the audit trail did not catch up within "
                 "phisync.audit_wait_timeout."),
       errhint("Look for errors of the process \"phisync audit writer\" in the server's log; it "
               "needs a free slot of max_worker_processes.")));
  pg_unreachable();
}

}  // namespace

void InitQueue() {
  previous_request = shmem_request_hook;
  shmem_request_hook = RequestMemory;
  previous_startup = shmem_startup_hook;
  shmem_startup_hook = StartUp;
}

bool QueueReady() {
  return shared != nullptr;
}

std::size_t MaxEventBytes() {
  return shared->blocks / 8 * sizeof(Block::data);
}

bool Reserve(std::size_t size) {
  const std::uint32_t blocks = BlocksFor(size);
  TimestampTz deadline = 0;
  for (;;) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    Queue* queue = FindOrMakeQueue(MyDatabaseId);
    const bool room = queue != nullptr && HasRoom(queue, blocks);
    if (room) {
      queue->reserved += blocks;
      shared->reserved += blocks;
    }
    LWLockRelease(shared->lock);
    if (room) {
      if (deadline != 0) ConditionVariableCancelSleep();
      return true;
    }
    if (deadline == 0) {
      // First asked for sleep, then looked again: a wake-up in between is not missed.
      ConditionVariablePrepareToSleep(&shared->moved);
      deadline = Deadline();
      continue;
    }
    WakeLauncher();
    if (!SleepUntil(deadline)) break;
  }
  ConditionVariableCancelSleep();
  if (AuditOnFailure() == OnFailure::kError) {
    RaiseUnavailable("statement on tagged columns cannot be recorded: the audit queue is full");
  }
  CountLost();
  return false;
}

void Unreserve(std::size_t size) noexcept {
  const std::uint32_t blocks = BlocksFor(size);
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (Queue* queue = FindQueue(MyDatabaseId)) {
    queue->reserved -= blocks;
    shared->reserved -= blocks;
  }
  LWLockRelease(shared->lock);
}

void Push(const char* bytes, std::size_t size) noexcept {
  const std::uint32_t blocks = BlocksFor(size);
  Latch* wake = nullptr;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  Queue* queue = FindQueue(MyDatabaseId);  // there: it holds the reservation
  queue->reserved -= blocks;
  shared->reserved -= blocks;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const std::uint32_t index = shared->free_head;
    Block& block = shared->pool[index];
    shared->free_head = block.next;
    block.next = kNoBlock;
    block.event_bytes = i == 0 ? static_cast<std::uint32_t>(size) : 0;
    const std::size_t at = i * sizeof(Block::data);
    memcpy(block.data, bytes + at, Min(size - at, sizeof(Block::data)));
    if (queue->tail == kNoBlock) {
      queue->head = index;
    } else {
      shared->pool[queue->tail].next = index;
    }
    queue->tail = index;
  }
  shared->free_blocks -= blocks;
  queue->used += blocks;
  awaited = ++queue->pushed;
  const std::uint64_t waiting = queue->pushed - queue->flushed;
  if (queue->writer_latch == nullptr) {
    wake = shared->launcher_latch;
  } else if (waiting == 1 || waiting % kBatch == 0) {
    // Otherwise it is awake and gathering.
    wake = queue->writer_latch;
  }
  LWLockRelease(shared->lock);
  if (wake != nullptr) SetLatch(wake);
}

void AwaitDurable() {
  if (awaited == 0) return;
  const std::uint64_t target = awaited;
  awaited = 0;
  if (AuditDurability() != Durability::kCommit || WaitFlushed(target)) return;
  if (AuditOnFailure() == OnFailure::kError) {
    RaiseUnavailable("statement on tagged columns is not recorded durably");
  }
}

void Flush() {
  LWLockAcquire(shared->lock, LW_SHARED);
  const Queue* queue = FindQueue(MyDatabaseId);
  const std::uint64_t target = queue != nullptr ? queue->pushed : 0;
  LWLockRelease(shared->lock);
  if (!WaitFlushed(target)) RaiseUnavailable("audit events could not be flushed");
}

void AskWriterToLeave(Oid database) {
  const TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 5000);
  ConditionVariablePrepareToSleep(&shared->moved);
  for (;;) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    Queue* queue = FindQueue(database);
    Latch* writer = queue != nullptr ? queue->writer_latch : nullptr;
    if (queue != nullptr) queue->stay_away_until = TimestampTzPlusMilliseconds(deadline, 5000);
    LWLockRelease(shared->lock);
    if (writer == nullptr) break;
    SetLatch(writer);
    if (!SleepUntil(deadline)) break;
  }
  ConditionVariableCancelSleep();
}

void LetWriterReturn(Oid database) noexcept {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  if (Queue* queue = FindQueue(database)) queue->stay_away_until = 0;
  LWLockRelease(shared->lock);
  WakeLauncher();
}

}  // namespace phisync::audit
