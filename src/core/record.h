#pragma once
// The records of the stream, format 1: one JSON object a line, keys in a fixed order
// (docs/record-format.md). Texts are raw UTF-8 and are escaped here; arguments named *_json are
// JSON already.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/byte_buffer.h"

namespace phisync {

inline constexpr int kRecordFormat = 1;

struct HelloRecord {
  std::uint64_t system;  // the cluster's system identifier
  std::uint32_t timeline;
  std::string_view database;
  std::string_view slot;
  std::string_view options_json;  // an object
};
void AppendHello(ByteBuffer& out, const HelloRecord& hello);

struct BeginRecord {
  std::uint32_t xid;                         // 0 for a snapshot
  std::optional<std::uint64_t> lsn;          // of the commit; a snapshot has none
  std::int64_t time;                         // of the commit, microseconds since 2000-01-01 UTC
  std::optional<std::string_view> origin;    // replication origin
  std::optional<std::string_view> cause;     // `retention`, ...
  std::optional<std::string_view> snapshot;  // which transactions a snapshot shows
};
void AppendBegin(ByteBuffer& out, const BeginRecord& begin);

// What put and remove have in common.
struct RowRecord {
  std::uint64_t seq;
  std::span<const std::string_view> buckets;
  std::string_view type;
  std::string_view id;
  std::string_view subkey;
  std::uint32_t sum;
};
// `incomplete` names the outputs that are missing in `data_json`, which is copied as it is.
void AppendPut(ByteBuffer& out, const RowRecord& row, std::span<const std::string_view> incomplete,
               std::string_view data_json);
void AppendRemove(ByteBuffer& out, const RowRecord& row, std::string_view reason);

// `buckets` is a bucket id or the pattern `name[*]`. Only rows of the data query `ordinal` leave:
// the record's `subkeys` is the pattern that theirs match, since another query may give the same
// type.
void AppendClear(ByteBuffer& out, std::uint64_t seq, std::string_view buckets,
                 std::string_view type, std::int64_t ordinal, std::string_view reason);

// A change of policy: `buckets` are patterns of those that are to be taken anew.
void AppendPolicy(ByteBuffer& out, std::uint64_t seq, std::int64_t version, std::string_view what,
                  std::span<const std::string_view> buckets);

// A row that could not be encoded, in a snapshot without an LSN. `relation` is its qualified name;
// never a value.
void AppendError(ByteBuffer& out, std::uint64_t seq, std::optional<std::uint64_t> lsn,
                 std::string_view relation, std::string_view sqlstate);

// `lsn` is that of begin, `end` the one to acknowledge, both none for a snapshot; `count` the
// records between begin and commit; `crc` CRC-32C over the bytes of the transaction's records from
// begin up to here, line ends included.
void AppendCommit(ByteBuffer& out, std::optional<std::uint64_t> lsn,
                  std::optional<std::uint64_t> end, std::uint64_t count, std::uint32_t crc);

void AppendProgress(ByteBuffer& out, std::uint64_t lsn);

}  // namespace phisync
