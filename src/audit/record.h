#pragma once
// The record of one statement under way: made before it delivers anything, completed when it ends,
// however it ends.

#include <cstdint>

#include "core/audit_event.h"
#include "pg/backend.h"

struct EState;

namespace phisync::audit {

struct Record {
  MemoryContextCallback callback;
  Record* next;
  EState* executor;  // null for a utility command
  char* bytes;       // the encoded event
  std::size_t size;
  std::int64_t rows;  // of finished runs
  bool select;
  bool ran;       // rows may have been delivered
  bool running;   // between the start and the end of a run: an error leaves it so
  bool reported;  // an event with outcome open was handed over
  bool reserved;  // the queue has room for one more event of it
};

// Makes a record that lives in `memory` and reserves its room in the queue. When that memory is
// freed before Complete, the event is handed over as error or aborted if rows may have been
// delivered. Null if the event was counted as lost instead. Throws.
Record* StartRecord(const Event& event, MemoryContext memory, EState* executor, bool select);

// The record of an executor, or null.
Record* FindRecord(const EState* executor) noexcept;

// The statement has ended: hands the event over.
void Complete(Record* record, std::int64_t rows) noexcept;

// A cursor has delivered its first rows and stays open: hands over an event that says so and
// reserves room for the last one. May raise.
void ReportOpen(Record* record);

}  // namespace phisync::audit
