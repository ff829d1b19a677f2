#pragma once
// One event of the audit trail and its canonical bytes: the form in which a session hands it to the
// writer process. Equal events have equal bytes, and every text is preceded by its length, so no
// value can be mistaken for structure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phisync::audit {

enum class EventSource : std::uint8_t {
  kRead,       // a statement that read tagged columns
  kStatement,  // a statement that wrote tagged columns without reading any
  kChange,     // a changed row
  kGap,        // events that could not be recorded
  kStream,     // a start, end or refusal of the change stream
  kTag,        // a tag that was removed or weakened
};

enum class Outcome : std::uint8_t {
  kOk,
  kError,    // failed while it ran
  kAborted,  // torn down by a rollback before it was finished
  kOpen,     // a cursor that has delivered rows and can deliver more
  // Of a read that the role is not granted:
  kDenied,     // it failed for that
  kWouldDeny,  // it went on, as reads are not enforced but watched
  kExempt,     // it went on, as a superuser's
};

// How closely the event says what was touched.
enum class Precision : std::uint8_t {
  kRow,        // exactly one row, known by its key
  kStatement,  // the columns that the statement names, in rows that it reached
  kBulk,       // whole rows of whole relations
};

struct TouchedColumn {
  std::string name;
  std::string tag;  // class as text, e.g. "phi:ssn"
  bool operator==(const TouchedColumn&) const = default;
};

struct TouchedRelation {
  std::uint32_t oid = 0;
  std::string name;  // qualified, quoted where SQL needs it
  std::vector<TouchedColumn> columns;
  bool operator==(const TouchedRelation&) const = default;
};

// Times are microseconds since 2000-01-01 UTC, as the server counts them.
struct Event {
  // Known only at the end; SetCompletion writes these three into encoded bytes.
  Outcome outcome = Outcome::kOk;
  std::int64_t finished_at = 0;
  std::int64_t rows = 0;

  EventSource source = EventSource::kRead;
  Precision precision = Precision::kStatement;
  bool tls = false;
  bool nested = false;     // inside a function, procedure or DO block
  bool truncated = false;  // names of columns or relations were left out for size
  std::array<std::uint8_t, 16> id{};
  std::int64_t started_at = 0;
  std::uint64_t transaction = 0;  // 0: none assigned
  std::int64_t query_id = 0;      // 0: not computed
  std::uint64_t lost = 0;         // of a gap: how many events
  std::int32_t pid = 0;
  std::int32_t client_port = 0;  // 0: none
  std::string session_role;
  std::string effective_role;
  std::string authenticated;  // identity before mapping to a role; "" where the server does not say
  std::string application_user;
  std::string purpose;
  std::string client_address;  // "" over a unix socket or in a server process
  std::string application_name;
  std::string command;      // command tag: SELECT, INSERT, COPY TO, ...
  std::string top_command;  // of the client's statement that this one runs in
  std::string row_key;      // of a changed row: RowKey's text, "" without primary key
  std::string detail;       // of a stream or a tag: a JSON object, else ""
  std::vector<TouchedRelation> relations;
  std::vector<std::string> changed_columns;  // of an updated row
  bool operator==(const Event&) const = default;
};

std::string Encode(const Event& event);

// Throws XX001 if the bytes are not what Encode makes.
Event Decode(std::string_view bytes);

// Writes what is known only when the statement ends into encoded bytes. Allocates nothing.
void SetCompletion(char* bytes, Outcome outcome, std::int64_t finished_at,
                   std::int64_t rows) noexcept;

// Encode, but with columns, then relations left out from the end until the bytes fit in `limit`;
// `event.truncated` says whether that happened.
std::string EncodeWithin(Event event, std::size_t limit);

// Bytes of a fresh event id: a UUID of version 8 made of a session's random part and its counter.
std::array<std::uint8_t, 16> EventId(std::uint64_t session, std::uint64_t counter) noexcept;

const char* Text(EventSource source) noexcept;
const char* Text(Outcome outcome) noexcept;
const char* Text(Precision precision) noexcept;

}  // namespace phisync::audit
