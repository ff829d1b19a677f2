#include "audit/queue_state.h"

#include <cstring>

namespace phisync::audit {

Shared* shared = nullptr;

namespace {

Queue* mine = nullptr;  // of this writer process

// Frees the blocks of the oldest event. Under the lock.
void DropOldest(Queue* queue) {
  const std::uint32_t count = BlocksFor(shared->pool[queue->head].event_bytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t block = queue->head;
    queue->head = shared->pool[block].next;
    shared->pool[block].next = shared->free_head;
    shared->free_head = block;
  }
  if (queue->head == kNoBlock) queue->tail = kNoBlock;
  queue->used -= count;
  shared->free_blocks += count;
}

}  // namespace

Queue* FindQueue(Oid database) {
  for (Queue& queue : shared->queues) {
    if (queue.database == database) return &queue;
  }
  return nullptr;
}

bool AttachWriter(Oid database) {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  Queue* queue = FindQueue(database);
  const bool free = queue != nullptr && queue->writer_pid == 0;
  if (free) {
    mine = queue;
    queue->writer_pid = MyProcPid;
    queue->writer_latch = MyLatch;
  }
  LWLockRelease(shared->lock);
  return free;
}

void DetachWriter() noexcept {
  if (mine == nullptr) return;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  mine->writer_pid = 0;
  mine->writer_latch = nullptr;
  // What is left, or came in just now, needs another writer.
  Latch* launcher = mine->head != kNoBlock || mine->lost != 0 ? shared->launcher_latch : nullptr;
  mine = nullptr;
  LWLockRelease(shared->lock);
  if (launcher != nullptr) SetLatch(launcher);
  ConditionVariableBroadcast(&shared->moved);
}

void Peek(Batch* batch) {
  batch->count = 0;
  LWLockAcquire(shared->lock, LW_SHARED);
  batch->lost = mine->lost;
  batch->lost_from = mine->lost_from;
  batch->lost_until = mine->lost_until;
  for (std::uint32_t block = mine->head; block != kNoBlock && batch->count < kBatch;) {
    const std::size_t size = shared->pool[block].event_bytes;
    char* copy = static_cast<char*>(palloc(size));
    for (std::size_t at = 0; at < size; at += sizeof(Block::data)) {
      const Block& from = shared->pool[block];
      memcpy(copy + at, from.data, Min(size - at, sizeof(Block::data)));
      block = from.next;
    }
    batch->events[batch->count] = copy;
    batch->sizes[batch->count++] = size;
  }
  LWLockRelease(shared->lock);
}

void Consume(const Batch* batch) noexcept {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  for (int i = 0; i < batch->count; ++i) DropOldest(mine);
  mine->flushed += static_cast<std::uint64_t>(batch->count);
  mine->failures = 0;
  mine->lost -= batch->lost;
  if (mine->lost != 0) mine->lost_from = batch->lost_until;
  LWLockRelease(shared->lock);
  ConditionVariableBroadcast(&shared->moved);
}

Work NextWork() {
  LWLockAcquire(shared->lock, LW_SHARED);
  Work work = Work::kIdle;
  if (mine->head != kNoBlock || mine->lost != 0) {
    const bool now = mine->urgent > mine->flushed || mine->pushed - mine->flushed >= kBatch;
    work = now ? Work::kWrite : Work::kGather;
  }
  if (mine->stay_away_until > GetCurrentTimestamp()) {
    work = work == Work::kIdle ? Work::kLeave : Work::kWrite;
  }
  LWLockRelease(shared->lock);
  return work;
}

bool EventsUnderWay() {
  LWLockAcquire(shared->lock, LW_SHARED);
  const bool any = mine->reserved != 0 || mine->head != kNoBlock;
  LWLockRelease(shared->lock);
  return any;
}

void Discard(Oid database) noexcept {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  Queue* queue = FindQueue(database);
  if (queue != nullptr) {
    while (queue->head != kNoBlock) DropOldest(queue);
    queue->flushed = queue->pushed;
    queue->lost = 0;
    queue->failures = 0;
  }
  LWLockRelease(shared->lock);
  ConditionVariableBroadcast(&shared->moved);
}

}  // namespace phisync::audit
