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

// Where a record stands in its transaction: its number from 1 and, in a transaction that is
// streamed while in progress, the subtransaction that it is of, 0 for the transaction itself.
struct RecordSeq {
  std::uint64_t number;
  std::uint32_t xid = 0;

  RecordSeq(std::uint64_t n, std::uint32_t subtransaction = 0) : number(n), xid(subtransaction) {}
};

// What put and remove have in common.
struct RowRecord {
  RecordSeq seq;
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
void AppendClear(ByteBuffer& out, RecordSeq seq, std::string_view buckets, std::string_view type,
                 std::int64_t ordinal, std::string_view reason);

// A change of policy: `buckets` are patterns of those that are to be taken anew. `version` is that
// of phisync.policy_change; none for what the log says by itself.
void AppendPolicy(ByteBuffer& out, RecordSeq seq, std::optional<std::int64_t> version,
                  std::string_view what, std::span<const std::string_view> buckets);

// Who may get which buckets has changed. With `key_json`, an object: a row gave the bucket id `was`
// to users of that key and gives them `is` now. Without: ask again for all users of the definition.
struct LookupRecord {
  RecordSeq seq;
  std::string_view bucket;  // definition
  std::optional<std::string_view> key_json;
  std::optional<std::string_view> was;
  std::optional<std::string_view> is;
};
void AppendLookup(ByteBuffer& out, const LookupRecord& lookup);

// A row that could not be encoded, in a snapshot without an LSN. `relation` is its qualified name;
// never a value.
void AppendError(ByteBuffer& out, RecordSeq seq, std::optional<std::uint64_t> lsn,
                 std::string_view relation, std::string_view sqlstate);

// `lsn` is that of begin, `end` the one to acknowledge, both none for a snapshot; `count` the
// records between begin and commit; `crc` CRC-32C over the bytes of the transaction's records from
// begin up to here, line ends included.
void AppendCommit(ByteBuffer& out, std::optional<std::uint64_t> lsn,
                  std::optional<std::uint64_t> end, std::uint64_t count, std::uint32_t crc);

// A logical message. `seq`: none if it is of no transaction. Content that is no UTF-8 is written in
// Base64 under a key of its own; none: it is too large.
void AppendMessage(ByteBuffer& out, std::optional<RecordSeq> seq, std::uint64_t lsn,
                   std::string_view prefix, std::optional<std::string_view> content, bool is_utf8);

// Part of a transaction in progress, between two such records, and what became of it. `subxid` is
// `xid` where the whole transaction was rolled back.
void AppendStreamStart(ByteBuffer& out, std::uint32_t xid);
void AppendStreamStop(ByteBuffer& out, std::uint32_t xid);
void AppendStreamAbort(ByteBuffer& out, std::uint32_t xid, std::uint32_t subxid);

// begin and commit in one; `count` and `crc` are of the records between starts and stops.
struct StreamCommitRecord {
  std::uint32_t xid;
  std::uint64_t lsn;
  std::uint64_t end;
  std::int64_t time;
  std::optional<std::string_view> origin;
  std::optional<std::string_view> cause;
  std::uint64_t count;
  std::uint32_t crc;
};
void AppendStreamCommit(ByteBuffer& out, const StreamCommitRecord& commit);

void AppendProgress(ByteBuffer& out, std::uint64_t lsn);

}  // namespace phisync
