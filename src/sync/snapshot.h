#pragma once
// The contents of buckets as messages of the stream.

#include <deque>
#include <optional>
#include <string>

#include "sync/batch.h"
#include "sync/bucket_rows.h"
#include "sync/row_writer.h"

namespace phisync::sync {

// One transaction of puts, and errors for rows that cannot be sent: the bytes that the stream would
// send had all rows just been inserted. It has no place in the log.
class SnapshotMessages {
 public:
  // Of what the active snapshot shows; `memory` as for BucketRows.
  SnapshotMessages(BucketScope scope, const StreamOptions& options, MemoryContext memory);

  // The next message; no value after the last one. Throws.
  std::optional<std::string> Next();
  // The records between begin and commit so far.
  [[nodiscard]] std::uint64_t count() const { return writer_.seq(); }
  // As BucketRows::Close.
  void Close() { rows_.Close(); }

 private:
  // Keeps messages until they are asked for: one, or several where rows are huge.
  class Queue final : public MessageSink {
   public:
    void Send(std::string_view message) override { messages.emplace_back(message); }
    std::deque<std::string> messages;
  };

  void WriteBegin();

  Queue queue_;
  Batch batch_;
  RowWriter writer_;
  BucketRows rows_;
  bool begun_ = false;
  bool done_ = false;
};

}  // namespace phisync::sync
