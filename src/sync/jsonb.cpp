#include "sync/jsonb.h"

#include "core/error.h"
#include "core/json.h"
#include "core/number.h"

namespace phisync::sync {
namespace {

// Writes the text, or, within a JSON string, the text as that string's content.
class Writer {
 public:
  Writer(ByteBuffer& out, bool in_string)
      : out_(out), in_string_(in_string), quote_(in_string ? R"(\")" : R"(")") {}

  void Container(const JsonbContainer* container);

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
  void Entry(const Walk& walk, const char* base);

  ByteBuffer& out_;
  bool in_string_;
  std::string_view quote_;
};

void Writer::String(std::string_view text) {
  out_.Append(quote_);
  const std::size_t start = out_.size();
  AppendJsonEscaped(out_, text);
  // Most strings need no escapes; else those of the inner text need some in their turn.
  if (in_string_ && out_.size() - start != text.size()) {
    ByteBuffer inner;
    inner.Append(out_.view(start));
    out_.Truncate(start);
    AppendJsonEscaped(out_, inner.view());
  }
  out_.Append(quote_);
}

void Writer::Entry(const Walk& walk, const char* base) {
  const JEntry entry = *walk.entry;
  if (JBE_ISSTRING(entry)) {
    String({base + walk.offset, walk.Length()});
  } else if (JBE_ISNUMERIC(entry)) {
    const char* const number = base + INTALIGN(walk.offset);
    AppendNumeric(out_, {VARDATA_ANY(number), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(number))});
  } else if (JBE_ISCONTAINER(entry)) {
    Container(reinterpret_cast<const JsonbContainer*>(base + INTALIGN(walk.offset)));
  } else if (JBE_ISNULL(entry)) {
    out_.Append("null");
  } else {
    out_.Append(JBE_ISBOOL_TRUE(entry) ? "true" : "false");
  }
}

void Writer::Container(const JsonbContainer* container) {
  if (stack_is_too_deep()) {
    throw Error(sqlstate::kStatementTooComplex, "a jsonb value is nested too deeply to be encoded",
                "", "Raise the server's setting max_stack_depth.");
  }
  const std::uint32_t count = JsonContainerSize(container);
  const bool object = JsonContainerIsObject(container);
  const char* const base =
      reinterpret_cast<const char*>(&container->children[object ? 2 * count : count]);
  Walk value{container->children, 0};
  if (JsonContainerIsScalar(container)) {
    Entry(value, base);
    return;
  }
  if (!object) {
    out_.Append('[');
    for (std::uint32_t i = 0; i < count; ++i, value.Next()) {
      if (i > 0) out_.Append(", ");
      Entry(value, base);
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
    String({base + key.offset, key.Length()});
    out_.Append(": ");
    Entry(value, base);
  }
  out_.Append('}');
}

}  // namespace

void AppendJsonb(ByteBuffer& out, const Jsonb* value) {
  Writer(out, false).Container(&value->root);
}

void AppendJsonbString(ByteBuffer& out, const Jsonb* value) {
  out.Append('"');
  Writer(out, true).Container(&value->root);
  out.Append('"');
}

}  // namespace phisync::sync
