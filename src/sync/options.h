#pragma once
// The options with which a consumer starts the stream.

#include <cstddef>
#include <string>

#include "core/byte_buffer.h"
#include "pg/decoding.h"

namespace phisync::sync {

struct StreamOptions {
  std::string consumer;                 // as registered with phisync.create_consumer
  int format = 1;                       // of the records
  std::size_t batch_bytes = 64 * 1024;  // a message is sent once it has so many
};

// Reads what START_REPLICATION or pg_logical_slot_get_changes gave (a list of DefElem). Throws
// Error for options that are unknown, repeated, without a value or out of bounds, and where
// consumer is missing.
StreamOptions ParseOptions(List* options);

// The options in force as a JSON object, for the hello record.
void AppendOptions(ByteBuffer& out, const StreamOptions& options);

}  // namespace phisync::sync
