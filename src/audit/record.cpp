#include "audit/record.h"

#include <cstring>
#include <string>

#include "audit/queue.h"
#include "pg/boundary.h"
#include "pg/executor.h"
#include "pg/session.h"

namespace phisync::audit {
namespace {

Record* under_way = nullptr;

void HandOver(Record* record, Outcome outcome, std::int64_t rows) noexcept {
  if (!record->reserved) return;
  record->reserved = false;
  SetCompletion(record->bytes, outcome, GetCurrentTimestamp(), rows);
  Push(record->bytes, record->size);
}

// The memory goes, at the end of the statement or while it aborts: the one place that is reached
// when a statement fails or a rollback closes its cursor. Must not raise or allocate.
void OnMemoryGone(void* argument) {
  auto* record = static_cast<Record*>(argument);
  for (Record** at = &under_way; *at != nullptr; at = &(*at)->next) {
    if (*at != record) continue;
    *at = record->next;
    break;
  }
  if (!record->reserved) return;
  if (!record->ran) {
    record->reserved = false;
    Unreserve(record->size);
    return;
  }
  std::int64_t rows = record->rows;
  if (record->running && record->executor != nullptr) {
    rows += static_cast<std::int64_t>(record->executor->es_processed);
  }
  HandOver(record, record->running ? Outcome::kError : Outcome::kAborted, rows);
}

}  // namespace

Record* StartRecord(const Event& event, MemoryContext memory, EState* executor, bool select) {
  const std::string bytes = EncodeWithin(event, MaxEventBytes());
  return pg::Call([&] {
    auto* record = static_cast<Record*>(MemoryContextAllocZero(memory, sizeof(Record)));
    record->bytes = static_cast<char*>(MemoryContextAlloc(memory, bytes.size()));
    memcpy(record->bytes, bytes.data(), bytes.size());
    record->size = bytes.size();
    record->executor = executor;
    record->select = select;
    if (!Reserve(record->size)) return static_cast<Record*>(nullptr);
    // Nothing between Reserve and here can raise, so the room is never forgotten.
    record->reserved = true;
    record->callback.func = OnMemoryGone;
    record->callback.arg = record;
    MemoryContextRegisterResetCallback(memory, &record->callback);
    record->next = under_way;
    under_way = record;
    return record;
  });
}

Record* FindRecord(const EState* executor) noexcept {
  Record* record = under_way;
  while (record != nullptr && record->executor != executor) record = record->next;
  return record;
}

void Complete(Record* record, std::int64_t rows) noexcept {
  record->running = false;
  HandOver(record, Outcome::kOk, rows);
}

void ReportOpen(Record* record) {
  if (record->reported || !record->reserved) return;
  record->reported = true;
  HandOver(record, Outcome::kOpen, record->rows);
  record->reserved = Reserve(record->size);
}

}  // namespace phisync::audit
