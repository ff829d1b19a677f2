#pragma once
// What is in the shared memory of the queue, and what writers and their launcher do with it.

#include <cstddef>
#include <cstdint>

#include "pg/worker.h"

namespace phisync::audit {

constexpr int kMaxDatabases = 64;
constexpr std::uint32_t kNoBlock = UINT32_MAX;
constexpr int kBatch = 256;

struct Block {
  std::uint32_t next;
  std::uint32_t event_bytes;  // of the whole event; in its first block
  char data[1016];
};

inline std::uint32_t BlocksFor(std::size_t size) {
  return static_cast<std::uint32_t>((size + sizeof(Block::data) - 1) / sizeof(Block::data));
}

struct Queue {
  Oid database;  // InvalidOid: not in use
  std::uint32_t head;
  std::uint32_t tail;  // last block
  std::uint32_t used;
  std::uint32_t reserved;
  std::uint64_t pushed;   // events ever handed over
  std::uint64_t flushed;  // of those, committed to the trail
  std::uint64_t urgent;   // somebody waits until this many are flushed
  std::uint64_t lost;
  TimestampTz lost_from;
  TimestampTz lost_until;
  int writer_pid;
  Latch* writer_latch;
  TimestampTz stay_away_until;
  TimestampTz started_at;  // when a writer was last started
  int failures;            // starts since the last successful commit
};

struct Shared {
  LWLock* lock;             // over everything here but the condition variable
  ConditionVariable moved;  // events were flushed, room was freed, or a writer left
  Latch* launcher_latch;
  std::uint32_t blocks;
  std::uint32_t free_head;
  std::uint32_t free_blocks;
  std::uint32_t reserved;
  Queue queues[kMaxDatabases];
  Block pool[FLEXIBLE_ARRAY_MEMBER];
};

// Null unless preloaded.
extern Shared* shared;

// The database's queue, or null. Under the lock.
Queue* FindQueue(Oid database);

// --- writers ---

// Makes this process the database's writer; false if there is one or the queue is gone.
bool AttachWriter(Oid database);
void DetachWriter() noexcept;

struct Batch {
  int count;
  const char* events[kBatch];  // palloc'd copies
  std::size_t sizes[kBatch];
  std::uint64_t lost;
  TimestampTz lost_from;
  TimestampTz lost_until;
};

// The oldest events, which stay in the queue until Consume. May raise for lack of memory.
void Peek(Batch* batch);

// The batch is on disk: frees its blocks and wakes those who wait.
void Consume(const Batch* batch) noexcept;

// What a writer does next.
enum class Work { kWrite, kGather, kIdle, kLeave };
Work NextWork();

// Whether statements are under way whose events will still come.
bool EventsUnderWay();

// Throws the database's events away: it has no trail any more.
void Discard(Oid database) noexcept;

}  // namespace phisync::audit
