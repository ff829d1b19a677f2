#pragma once
// Records on their way to the client, several in one message: a message costs the server a system
// call and the client a wake-up, more than a row costs to encode.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/byte_buffer.h"
#include "pg/crc32c.h"
#include "pg/decoding.h"

namespace phisync::sync {

// Where messages go.
class MessageSink {
 public:
  MessageSink() = default;
  MessageSink(const MessageSink&) = delete;
  MessageSink& operator=(const MessageSink&) = delete;
  virtual ~MessageSink() = default;
  // Throws.
  virtual void Send(std::string_view message) = 0;
};

// Sends through logical decoding, which is legal in the callbacks for begin, change, truncate,
// message and commit alone. The message's position in the log is the current change's, in the
// commit callback the end of the transaction.
class DecodingSink final : public MessageSink {
 public:
  // The context must outlive the sink.
  explicit DecodingSink(LogicalDecodingContext* ctx) : ctx_(ctx) {}
  void Send(std::string_view message) override;

 private:
  LogicalDecodingContext* ctx_;
};

class Batch {
 public:
  // Sends once `limit` bytes are there. The sink must outlive the batch.
  Batch(MessageSink& sink, std::size_t limit);

  // Where whole records are appended, each with its line end. Not to be kept beyond a flush; what
  // was appended since the last one may be truncated again.
  ByteBuffer& records() { return *records_; }

  // The checksum of all records from here on, sent or not; goes on from `earlier`, where records of
  // other transactions came between.
  void StartChecksum(pg::Crc32c earlier = {});
  std::uint32_t Checksum() { return PauseChecksum().Value(); }
  pg::Crc32c PauseChecksum();

  // Sends the records as one message if the limit is reached. Throws.
  void FlushIfFull() {
    if (records_->size() >= limit_) Flush();
  }
  // Sends them, if there are any.
  void Flush();

 private:
  void AddToChecksum();

  MessageSink& sink_;
  std::size_t limit_;
  std::optional<ByteBuffer> records_;
  pg::Crc32c crc_;
  std::size_t summed_ = 0;  // bytes of records_ that crc_ has seen
};

}  // namespace phisync::sync
