#include "core/audit_event.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace phisync::audit {
namespace {

constexpr std::uint8_t kFormat = 1;

// Offsets of what SetCompletion writes, after the format byte.
constexpr std::size_t kOutcomeAt = 1;
constexpr std::size_t kFinishedAt = 2;
constexpr std::size_t kRowsAt = 10;

enum Flag : std::uint8_t { kTls = 1, kNested = 2, kTruncated = 4 };

void PutBigEndian(char* to, std::uint64_t value, std::size_t width) noexcept {
  for (std::size_t i = 0; i < width; ++i) {
    to[i] = static_cast<char>(value >> (8 * (width - 1 - i)));
  }
}

class Writer {
 public:
  template <typename Number>
  void Put(Number value) {
    char bytes[sizeof(Number)];
    PutBigEndian(bytes, static_cast<std::uint64_t>(value), sizeof(Number));
    out_.append(bytes, sizeof(Number));
  }
  void Put(std::string_view text) {
    Put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  void PutBytes(const std::array<std::uint8_t, 16>& bytes) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename Number>
  void Get(Number& value) {
    std::uint64_t wide = 0;
    for (const char c : Take(sizeof(Number))) wide = wide << 8 | static_cast<unsigned char>(c);
    value = static_cast<Number>(wide);
  }
  void Get(std::string& text) { text = std::string(Take(Count(1))); }
  void GetBytes(std::array<std::uint8_t, 16>& bytes) {
    const std::string_view from = Take(bytes.size());
    std::copy(from.begin(), from.end(), bytes.begin());
  }
  template <typename Enum>
  void GetEnum(Enum& value, Enum last) {
    std::uint8_t number = 0;
    Get(number);
    if (number > static_cast<std::uint8_t>(last)) Fail();
    value = static_cast<Enum>(number);
  }
  // A number of elements of at least `least` bytes each: never more than the bytes left could hold.
  std::size_t Count(std::size_t least) {
    std::uint32_t count = 0;
    Get(count);
    if (count > rest_.size() / least) Fail();
    return count;
  }
  void Finish() const {
    if (!rest_.empty()) Fail();
  }
  [[noreturn]] static void Fail() {
    throw Error(sqlstate::kDataCorrupted, "audit event is damaged");
  }

 private:
  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) Fail();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

// The texts in the order in which they stand in the bytes.
template <typename EventRef, typename Visit>
void EachText(EventRef& event, Visit visit) {
  visit(event.session_role);
  visit(event.effective_role);
  visit(event.authenticated);
  visit(event.application_user);
  visit(event.purpose);
  visit(event.client_address);
  visit(event.application_name);
  visit(event.command);
  visit(event.top_command);
  visit(event.row_key);
  visit(event.detail);
}

// The numbers, likewise.
template <typename EventRef, typename Visit>
void EachNumber(EventRef& event, Visit visit) {
  visit(event.started_at);
  visit(event.transaction);
  visit(event.query_id);
  visit(event.lost);
  visit(event.pid);
  visit(event.client_port);
}

}  // namespace

std::string Encode(const Event& event) {
  Writer writer;
  writer.Put(kFormat);
  writer.Put(static_cast<std::uint8_t>(event.outcome));
  writer.Put(event.finished_at);
  writer.Put(event.rows);
  writer.Put(static_cast<std::uint8_t>(event.source));
  writer.Put(static_cast<std::uint8_t>(event.precision));
  writer.Put(static_cast<std::uint8_t>((event.tls ? kTls : 0) | (event.nested ? kNested : 0) |
                                       (event.truncated ? kTruncated : 0)));
  writer.PutBytes(event.id);
  EachNumber(event, [&](auto number) { writer.Put(number); });
  EachText(event, [&](const std::string& text) { writer.Put(std::string_view(text)); });
  writer.Put(static_cast<std::uint32_t>(event.relations.size()));
  for (const TouchedRelation& relation : event.relations) {
    writer.Put(relation.oid);
    writer.Put(std::string_view(relation.name));
    writer.Put(static_cast<std::uint32_t>(relation.columns.size()));
    for (const TouchedColumn& column : relation.columns) {
      writer.Put(std::string_view(column.name));
      writer.Put(std::string_view(column.tag));
    }
  }
  writer.Put(static_cast<std::uint32_t>(event.changed_columns.size()));
  for (const std::string& name : event.changed_columns) writer.Put(std::string_view(name));
  return writer.Take();
}

Event Decode(std::string_view bytes) {
  Reader reader(bytes);
  Event event;
  std::uint8_t format = 0;
  reader.Get(format);
  if (format != kFormat) Reader::Fail();
  reader.GetEnum(event.outcome, Outcome::kExempt);
  reader.Get(event.finished_at);
  reader.Get(event.rows);
  reader.GetEnum(event.source, EventSource::kTag);
  reader.GetEnum(event.precision, Precision::kBulk);
  std::uint8_t flags = 0;
  reader.Get(flags);
  if (flags > (kTls | kNested | kTruncated)) Reader::Fail();
  event.tls = (flags & kTls) != 0;
  event.nested = (flags & kNested) != 0;
  event.truncated = (flags & kTruncated) != 0;
  reader.GetBytes(event.id);
  EachNumber(event, [&](auto& number) { reader.Get(number); });
  EachText(event, [&](std::string& text) { reader.Get(text); });
  event.relations.resize(reader.Count(12));
  for (TouchedRelation& relation : event.relations) {
    reader.Get(relation.oid);
    reader.Get(relation.name);
    relation.columns.resize(reader.Count(8));
    for (TouchedColumn& column : relation.columns) {
      reader.Get(column.name);
      reader.Get(column.tag);
    }
  }
  event.changed_columns.resize(reader.Count(4));
  for (std::string& name : event.changed_columns) reader.Get(name);
  reader.Finish();
  return event;
}

void SetCompletion(char* bytes, Outcome outcome, std::int64_t finished_at,
                   std::int64_t rows) noexcept {
  bytes[kOutcomeAt] = static_cast<char>(outcome);
  PutBigEndian(bytes + kFinishedAt, static_cast<std::uint64_t>(finished_at), 8);
  PutBigEndian(bytes + kRowsAt, static_cast<std::uint64_t>(rows), 8);
}

std::string EncodeWithin(Event event, std::size_t limit) {
  std::string bytes = Encode(event);
  while (bytes.size() > limit) {
    event.truncated = true;
    const auto longest = std::max_element(
        event.relations.begin(), event.relations.end(),
        [](const auto& a, const auto& b) { return a.columns.size() < b.columns.size(); });
    if (longest != event.relations.end() && !longest->columns.empty()) {
      longest->columns.resize(longest->columns.size() / 2);
    } else if (!event.changed_columns.empty()) {
      event.changed_columns.resize(event.changed_columns.size() / 2);
    } else if (!event.relations.empty()) {
      event.relations.resize(event.relations.size() / 2);
    } else {
      break;
    }
    bytes = Encode(event);
  }
  return bytes;
}

std::array<std::uint8_t, 16> EventId(std::uint64_t session, std::uint64_t counter) noexcept {
  std::array<std::uint8_t, 16> id{};
  for (int i = 0; i < 8; ++i) {
    id[i] = static_cast<std::uint8_t>(session >> (8 * i));
    id[15 - i] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x80);
  id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
  return id;
}

const char* Text(EventSource source) noexcept {
  constexpr const char* kTexts[] = {"read", "statement", "change", "gap", "stream", "tag"};
  return kTexts[static_cast<int>(source)];
}

const char* Text(Outcome outcome) noexcept {
  constexpr const char* kTexts[] = {"ok",     "error",      "aborted", "open",
                                    "denied", "would_deny", "exempt"};
  return kTexts[static_cast<int>(outcome)];
}

const char* Text(Precision precision) noexcept {
  constexpr const char* kTexts[] = {"row", "statement", "bulk"};
  return kTexts[static_cast<int>(precision)];
}

}  // namespace phisync::audit
