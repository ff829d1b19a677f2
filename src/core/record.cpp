#include "core/record.h"

#include "core/bytes.h"
#include "core/json.h"
#include "core/number.h"
#include "core/temporal.h"

namespace phisync {
namespace {

// What stands between values: of known size, so that it is appended by a few moves.
template <std::size_t N>
using Literal = const char (&)[N];

// Appends `text` as it is, then `value` as a JSON string.
template <std::size_t N>
void Text(ByteBuffer& out, Literal<N> text, std::string_view value) {
  out.Append(text);
  AppendJsonString(out, value);
}
template <std::size_t N>
void Text(ByteBuffer& out, Literal<N> text, std::optional<std::string_view> value) {
  if (value) {
    Text(out, text, *value);
  } else {
    out.Append(text);
    out.Append("null");
  }
}
template <std::size_t N>
void Number(ByteBuffer& out, Literal<N> text, std::uint64_t value) {
  out.Append(text);
  AppendUnsigned(out, value);
}
template <std::size_t N>
void Seq(ByteBuffer& out, Literal<N> text, RecordSeq seq) {
  Number(out, text, seq.number);
  if (seq.xid != 0) Number(out, R"(,"xid":)", seq.xid);
}
template <std::size_t N>
void Lsn(ByteBuffer& out, Literal<N> text, std::optional<std::uint64_t> lsn) {
  out.Append(text);
  if (!lsn) {
    out.Append("null");
    return;
  }
  out.Append('"');
  AppendLsn(out, *lsn);
  out.Append('"');
}
void Time(ByteBuffer& out, std::int64_t microseconds) {
  out.Append(R"(,"time":")");
  AppendTimestamp(out, microseconds, true, Beyond::kText);
  out.Append('"');
}
template <std::size_t N>
void List(ByteBuffer& out, Literal<N> text, std::span<const std::string_view> values) {
  out.Append(text);
  char separator = '[';
  for (const std::string_view value : values) {
    out.Append(separator);
    AppendJsonString(out, value);
    separator = ',';
  }
  if (values.empty()) out.Append('[');
  out.Append(']');
}
template <std::size_t N>
void Row(ByteBuffer& out, Literal<N> kind, const RowRecord& row) {
  Seq(out, kind, row.seq);
  List(out, R"(,"buckets":)", row.buckets);
  Text(out, R"(,"type":)", row.type);
  Text(out, R"(,"id":)", row.id);
  Text(out, R"(,"subkey":)", row.subkey);
}

}  // namespace

void AppendHello(ByteBuffer& out, const HelloRecord& hello) {
  Number(out, R"({"k":"hello","format":)", kRecordFormat);
  Number(out, R"(,"system":")", hello.system);
  Number(out, R"(","timeline":)", hello.timeline);
  Text(out, R"(,"database":)", hello.database);
  Text(out, R"(,"slot":)", hello.slot);
  out.Append(R"(,"options":)");
  out.Append(hello.options_json);
  out.Append("}\n");
}

void AppendBegin(ByteBuffer& out, const BeginRecord& begin) {
  Number(out, R"({"k":"begin","xid":)", begin.xid);
  Lsn(out, R"(,"lsn":)", begin.lsn);
  Time(out, begin.time);
  Text(out, R"(,"origin":)", begin.origin);
  Text(out, R"(,"cause":)", begin.cause);
  if (begin.snapshot) Text(out, R"(,"snapshot":)", *begin.snapshot);
  out.Append("}\n");
}

void AppendPut(ByteBuffer& out, const RowRecord& row, std::span<const std::string_view> incomplete,
               std::string_view data_json) {
  Row(out, R"({"k":"put","seq":)", row);
  if (!incomplete.empty()) List(out, R"(,"incomplete":)", incomplete);
  Number(out, R"(,"sum":)", row.sum);
  out.Append(R"(,"data":)");
  out.Append(data_json);
  out.Append("}\n");
}

void AppendRemove(ByteBuffer& out, const RowRecord& row, std::string_view reason) {
  Row(out, R"({"k":"remove","seq":)", row);
  Number(out, R"(,"sum":)", row.sum);
  Text(out, R"(,"reason":)", reason);
  out.Append("}\n");
}

void AppendClear(ByteBuffer& out, RecordSeq seq, std::string_view buckets, std::string_view type,
                 std::int64_t ordinal, std::string_view reason) {
  Seq(out, R"({"k":"clear","seq":)", seq);
  Text(out, R"(,"buckets":)", buckets);
  Text(out, R"(,"type":)", type);
  out.Append(R"(,"subkeys":")");
  AppendInteger(out, ordinal);
  out.Append(R"([*]")");
  Text(out, R"(,"reason":)", reason);
  out.Append("}\n");
}

void AppendPolicy(ByteBuffer& out, RecordSeq seq, std::optional<std::int64_t> version,
                  std::string_view what, std::span<const std::string_view> buckets) {
  Seq(out, R"({"k":"policy","seq":)", seq);
  out.Append(R"(,"version":)");
  if (version) {
    AppendInteger(out, *version);
  } else {
    out.Append("null");
  }
  Text(out, R"(,"what":)", what);
  List(out, R"(,"buckets":)", buckets);
  out.Append("}\n");
}

void AppendLookup(ByteBuffer& out, const LookupRecord& lookup) {
  Seq(out, R"({"k":"lookup","seq":)", lookup.seq);
  Text(out, R"(,"bucket":)", lookup.bucket);
  out.Append(R"(,"key":)");
  out.Append(lookup.key_json.value_or("null"));
  Text(out, R"(,"was":)", lookup.was);
  Text(out, R"(,"is":)", lookup.is);
  out.Append("}\n");
}

void AppendError(ByteBuffer& out, RecordSeq seq, std::optional<std::uint64_t> lsn,
                 std::string_view relation, std::string_view sqlstate) {
  Seq(out, R"({"k":"error","seq":)", seq);
  Lsn(out, R"(,"lsn":)", lsn);
  Text(out, R"(,"relation":)", relation);
  Text(out, R"(,"sqlstate":)", sqlstate);
  out.Append("}\n");
}

void AppendCommit(ByteBuffer& out, std::optional<std::uint64_t> lsn,
                  std::optional<std::uint64_t> end, std::uint64_t count, std::uint32_t crc) {
  Lsn(out, R"({"k":"commit","lsn":)", lsn);
  Lsn(out, R"(,"end":)", end);
  Number(out, R"(,"count":)", count);
  Number(out, R"(,"crc":)", crc);
  out.Append("}\n");
}

void AppendMessage(ByteBuffer& out, std::optional<RecordSeq> seq, std::uint64_t lsn,
                   std::string_view prefix, std::optional<std::string_view> content, bool is_utf8) {
  constexpr char kHead[] = R"({"k":"message","seq":)";
  if (seq) {
    Seq(out, kHead, *seq);
  } else {
    out.Append(kHead);
    out.Append("null");
  }
  Lsn(out, R"(,"lsn":)", lsn);
  Text(out, R"(,"prefix":)", prefix);
  if (is_utf8 || !content) {
    Text(out, R"(,"content":)", content);
  } else {
    out.Append(R"(,"content_base64":")");
    AppendBase64(out, *content);
    out.Append('"');
  }
  out.Append("}\n");
}

void AppendStreamStart(ByteBuffer& out, std::uint32_t xid) {
  Number(out, R"({"k":"stream_start","xid":)", xid);
  out.Append("}\n");
}

void AppendStreamStop(ByteBuffer& out, std::uint32_t xid) {
  Number(out, R"({"k":"stream_stop","xid":)", xid);
  out.Append("}\n");
}

void AppendStreamAbort(ByteBuffer& out, std::uint32_t xid, std::uint32_t subxid) {
  Number(out, R"({"k":"stream_abort","xid":)", xid);
  Number(out, R"(,"subxid":)", subxid);
  out.Append("}\n");
}

void AppendStreamCommit(ByteBuffer& out, const StreamCommitRecord& commit) {
  Number(out, R"({"k":"stream_commit","xid":)", commit.xid);
  Lsn(out, R"(,"lsn":)", commit.lsn);
  Lsn(out, R"(,"end":)", commit.end);
  Time(out, commit.time);
  Text(out, R"(,"origin":)", commit.origin);
  Text(out, R"(,"cause":)", commit.cause);
  Number(out, R"(,"count":)", commit.count);
  Number(out, R"(,"crc":)", commit.crc);
  out.Append("}\n");
}

void AppendProgress(ByteBuffer& out, std::uint64_t lsn) {
  Lsn(out, R"({"k":"progress","lsn":)", lsn);
  out.Append("}\n");
}

}  // namespace phisync
