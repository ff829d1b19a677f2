#include "audit/stream.h"

#include <cstring>

#include "audit/queue.h"
#include "audit/trail.h"
#include "audit/who.h"
#include "core/json.h"
#include "core/object_name.h"
#include "pg/boundary.h"
#include "pg/executor.h"
#include "pg/session.h"

namespace phisync::audit {
namespace {

constexpr const char* kSuccess = "00000";

std::string Detail(std::string_view consumer, std::string_view slot, const char* sqlstate) {
  ByteBuffer out;
  out.Append('{');
  // Anything else could not be registered.
  if (IsObjectName(consumer)) {
    AppendJsonKey(out, "consumer");
    AppendJsonString(out, consumer);
    out.Append(',');
  }
  AppendJsonKey(out, "slot");
  AppendJsonString(out, slot);
  out.Append(',');
  AppendJsonKey(out, "sqlstate");
  AppendJsonString(out, sqlstate);
  out.Append('}');
  return std::string(out.view());
}

// Opens and ends a transaction of its own if there is none, as in a walsender.
std::string MakeEvent(const char* command, std::string detail) {
  const bool own_transaction = !IsTransactionState();
  if (own_transaction) pg::Call([] { StartTransactionCommand(); });
  std::string bytes;
  if (pg::Call([] { return OidIsValid(TrailTable()); })) {
    Event event = NewEvent(EventSource::kStream);
    event.precision = Precision::kBulk;
    event.started_at = GetCurrentTimestamp();
    event.command = command;
    event.top_command = command;
    event.detail = std::move(detail);
    bytes = EncodeWithin(event, MaxEventBytes());
  }
  if (own_transaction) pg::Call([] { CommitTransactionCommand(); });
  return bytes;
}

// A standby does not write the trail.
bool IsRecorded() {
  return QueueReady() && !RecoveryInProgress();
}

void HandOver(std::string& bytes, Outcome outcome) noexcept {
  SetCompletion(bytes.data(), outcome, GetCurrentTimestamp(), -1);
  Push(bytes.data(), bytes.size());
}

}  // namespace

StreamRecord::StreamRecord(std::string_view consumer, std::string_view slot) {
  if (!IsRecorded()) return;
  MemoryContext const memory = CurrentMemoryContext;
  std::string start = MakeEvent("START STREAM", Detail(consumer, slot, kSuccess));
  std::string end = MakeEvent("END STREAM", Detail(consumer, slot, kSuccess));
  MemoryContextSwitchTo(memory);
  if (start.empty() || end.empty()) return;
  if (pg::Call([&] { return Reserve(start.size()); })) HandOver(start, Outcome::kOk);
  if (!pg::Call([&] { return Reserve(end.size()); })) return;
  end_ = std::move(end);
  sqlstate_at_ = end_.rfind(kSuccess);
}

void StreamRecord::Fail(const char* sqlstate) noexcept {
  failed_ = true;
  if (!end_.empty()) std::memcpy(end_.data() + sqlstate_at_, sqlstate, std::strlen(kSuccess));
}

void StreamRecord::End() noexcept {
  if (end_.empty()) return;
  HandOver(end_, failed_ ? Outcome::kError : Outcome::kOk);
  end_.clear();
}

void RecordRefusal(std::string_view consumer, std::string_view slot, const char* sqlstate) {
  if (!IsRecorded()) return;
  MemoryContext const memory = CurrentMemoryContext;
  std::string bytes = MakeEvent("START STREAM", Detail(consumer, slot, sqlstate));
  MemoryContextSwitchTo(memory);
  if (bytes.empty() || !pg::Call([&] { return Reserve(bytes.size()); })) return;
  HandOver(bytes, Outcome::kError);
}

void RecordSkip(std::string_view slot, std::string_view lsn) {
  if (!IsRecorded()) return;
  ByteBuffer detail;
  detail.Append('{');
  AppendJsonKey(detail, "slot");
  AppendJsonString(detail, slot);
  detail.Append(',');
  AppendJsonKey(detail, "lsn");
  AppendJsonString(detail, lsn);
  detail.Append('}');
  std::string bytes = MakeEvent("SKIP TRANSACTION", std::string(detail.view()));
  if (bytes.empty() || !pg::Call([&] { return Reserve(bytes.size()); })) return;
  HandOver(bytes, Outcome::kOk);
}

}  // namespace phisync::audit
