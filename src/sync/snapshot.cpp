#include "sync/snapshot.h"

#include <utility>

#include "core/record.h"
#include "pg/boundary.h"

namespace phisync::sync {

SnapshotMessages::SnapshotMessages(BucketScope scope, const StreamOptions& options,
                                   MemoryContext memory)
    : batch_(queue_, options.batch_bytes),
      writer_(batch_, options.on_error),
      rows_(std::move(scope), options, memory) {}

std::optional<std::string> SnapshotMessages::Next() {
  if (!begun_) WriteBegin();
  while (queue_.messages.empty() && !done_) {
    if (rows_.Next()) {
      writer_.Write(rows_.changes(), rows_.relation(), {}, nullptr);
      batch_.FlushIfFull();
    } else {
      const std::uint32_t crc = batch_.Checksum();
      AppendCommit(batch_.records(), {}, {}, writer_.seq(), crc);
      batch_.Flush();
      done_ = true;
    }
  }
  if (queue_.messages.empty()) return std::nullopt;
  std::optional<std::string> message(std::move(queue_.messages.front()));
  queue_.messages.pop_front();
  return message;
}

void SnapshotMessages::WriteBegin() {
  const char* const shown = pg::Call([] {
    Datum const snapshot = OidFunctionCall0(F_PG_CURRENT_SNAPSHOT);
    return DatumGetCString(DirectFunctionCall1(pg_snapshot_out, snapshot));
  });
  batch_.StartChecksum();
  AppendBegin(batch_.records(), {.xid = 0,
                                 .lsn = {},
                                 .time = GetCurrentStatementStartTimestamp(),
                                 .origin = {},
                                 .cause = {},
                                 .snapshot = shown});
  begun_ = true;
}

}  // namespace phisync::sync
