#pragma once
// The options with which a consumer starts the stream (docs/record-format.md).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/byte_buffer.h"
#include "core/selection.h"
#include "pg/decoding.h"
#include "sync/encode.h"

namespace phisync::sync {

// What becomes of a row that cannot be sent.
enum class OnError : std::uint8_t {
  kRecord,  // an error record says so
  kStop,    // the stream ends with its error
  kSkip,    // nothing is said
};

struct StreamOptions {
  std::string consumer;                 // as registered with phisync.create_consumer
  int format = 1;                       // of the records
  std::size_t batch_bytes = 64 * 1024;  // a message is sent once it has so many
  MessageSelection messages;
  OriginSelection origin;
  Shard shard;
  OnError on_error = OnError::kRecord;
  bool streaming = false;  // of transactions in progress
  EncodeOptions encode;
};

// Reads what START_REPLICATION or pg_logical_slot_get_changes gave (a list of DefElem). Throws
// Error for options that are unknown, repeated, without a value or out of bounds, for those that
// cannot be combined, and where consumer is missing.
StreamOptions ParseOptions(List* options);

// Whether the bucket of an id belongs to the shard; empty if all do.
std::function<bool(std::string_view)> InShard(const Shard& shard);

// The options in force as a JSON object, for the hello record.
void AppendOptions(ByteBuffer& out, const StreamOptions& options);

}  // namespace phisync::sync
