#include "sync/jsonb.h"

#include "core/error.h"
#include "core/json.h"
#include "core/number.h"

namespace phisync::sync {
namespace {

[[noreturn]] void Refuse() {
  throw Error(sqlstate::kDataCorrupted, "a jsonb value is not stored as such values are");
}

std::string_view Within(const char* base, const char* end, std::size_t offset, std::size_t length) {
  if (offset + length > static_cast<std::size_t>(end - base)) Refuse();
  return {base + offset, length};
}

// What is left of the bytes of an entry, which begin at `offset`, from the next multiple of 4 on.
std::string_view Aligned(std::string_view bytes, std::uint32_t offset) {
  const std::size_t padding = INTALIGN(offset) - offset;
  if (padding > bytes.size()) Refuse();
  return bytes.substr(padding);
}

// Writes the text, or, within a JSON string, the text as that string's content.
class Writer {
 public:
  Writer(ByteBuffer& out, bool in_string) : out_(out), in_string_(in_string) {}

  // In the bytes before `end`. What leads out of them is refused with Error XX001, so that no
  // foreign memory is read and shown.
  void Container(const char* at, const char* end);

 private:
  // Entries are stored with their length, now and then with their end instead; in order, the start
  // of the next is the end of the one before.
  struct Walk {
    const JEntry* entry;
    std::uint32_t offset;

    [[nodiscard]] std::uint32_t Length() const {
      return JBE_HAS_OFF(*entry) ? JBE_OFFLENFLD(*entry) - offset : JBE_OFFLENFLD(*entry);
    }
    void Next() {
      offset += Length();
      ++entry;
    }
  };

  void String(std::string_view text);
  // The bytes are at `walk.offset` after the entries, those of numbers and containers aligned to 4.
  void Entry(const Walk& walk, const char* base, const char* end);

  ByteBuffer& out_;
  bool in_string_;
};

void Writer::String(std::string_view text) {
  if (in_string_) {
    AppendJsonStringInString(out_, text);
  } else {
    AppendJsonString(out_, text);
  }
}

void Writer::Entry(const Walk& walk, const char* base, const char* end) {
  const JEntry entry = *walk.entry;
  const std::string_view bytes = Within(base, end, walk.offset, walk.Length());
  if (JBE_ISSTRING(entry)) {
    String(bytes);
  } else if (JBE_ISNUMERIC(entry)) {
    const std::string_view number = Aligned(bytes, walk.offset);
    if (number.size() < VARHDRSZ || VARSIZE_ANY(number.data()) < VARHDRSZ ||
        VARSIZE_ANY(number.data()) > number.size()) {
      Refuse();
    }
    AppendNumeric(out_, {VARDATA_ANY(number.data()),
                         static_cast<std::size_t>(VARSIZE_ANY_EXHDR(number.data()))});
  } else if (JBE_ISCONTAINER(entry)) {
    const std::string_view container = Aligned(bytes, walk.offset);
    Container(container.data(), container.data() + container.size());
  } else if (JBE_ISNULL(entry)) {
    out_.Append("null");
  } else {
    out_.Append(JBE_ISBOOL_TRUE(entry) ? "true" : "false");
  }
}

void Writer::Container(const char* at, const char* end) {
  if (stack_is_too_deep()) {
    throw Error(sqlstate::kStatementTooComplex, "a jsonb value is nested too deeply to be encoded",
                "", "Raise the server's setting max_stack_depth.");
  }
  if (end - at < static_cast<std::ptrdiff_t>(sizeof(JsonbContainer))) Refuse();
  const auto* const container = reinterpret_cast<const JsonbContainer*>(at);
  const std::uint32_t count = JsonContainerSize(container);
  const bool object = JsonContainerIsObject(container);
  const std::size_t entries = std::size_t{count} * (object ? 2 : 1);
  const char* const base =
      Within(at + sizeof(JsonbContainer), end, 0, entries * sizeof(JEntry)).end();
  Walk value{container->children, 0};
  if (JsonContainerIsScalar(container)) {
    if (count != 1) Refuse();
    Entry(value, base, end);
    return;
  }
  if (!object) {
    out_.Append('[');
    for (std::uint32_t i = 0; i < count; ++i, value.Next()) {
      if (i > 0) out_.Append(", ");
      Entry(value, base, end);
    }
    out_.Append(']');
    return;
  }
  // All keys stand before all values.
  Walk key = value;
  value = {container->children + count, getJsonbOffset(container, static_cast<int>(count))};
  out_.Append('{');
  for (std::uint32_t i = 0; i < count; ++i, key.Next(), value.Next()) {
    if (i > 0) out_.Append(", ");
    String(Within(base, end, key.offset, key.Length()));
    out_.Append(": ");
    Entry(value, base, end);
  }
  out_.Append('}');
}

void Write(ByteBuffer& out, bool in_string, const Jsonb* value) {
  const char* const start = reinterpret_cast<const char*>(value);
  Writer(out, in_string).Container(start + offsetof(Jsonb, root), start + VARSIZE(value));
}

}  // namespace

void AppendJsonb(ByteBuffer& out, const Jsonb* value) {
  Write(out, false, value);
}

void AppendJsonbString(ByteBuffer& out, const Jsonb* value) {
  out.Append('"');
  Write(out, true, value);
  out.Append('"');
}

}  // namespace phisync::sync
