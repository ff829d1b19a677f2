#include "sync/jsonb.h"

#include "core/error.h"
#include "core/json.h"
#include "core/number.h"

namespace phisync::sync {
namespace {

void Container(ByteBuffer& out, const JsonbContainer* container);

// The entry's text; its bytes are at `offset` after the entries, numbers and containers aligned
// to 4.
void Entry(ByteBuffer& out, JEntry entry, const char* base, std::uint32_t offset,
           std::uint32_t length) {
  if (JBE_ISSTRING(entry)) {
    AppendJsonString(out, {base + offset, length});
  } else if (JBE_ISNUMERIC(entry)) {
    const char* const number = base + INTALIGN(offset);
    AppendNumeric(out, {VARDATA_ANY(number), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(number))});
  } else if (JBE_ISCONTAINER(entry)) {
    Container(out, reinterpret_cast<const JsonbContainer*>(base + INTALIGN(offset)));
  } else if (JBE_ISNULL(entry)) {
    out.Append("null");
  } else {
    out.Append(JBE_ISBOOL_TRUE(entry) ? "true" : "false");
  }
}

// Entries are stored with their length, now and then with their end instead; in order, the start of
// the next is the end of the one before.
struct Walk {
  const JEntry* entry;
  std::uint32_t offset;

  std::uint32_t Length() const {
    return JBE_HAS_OFF(*entry) ? JBE_OFFLENFLD(*entry) - offset : JBE_OFFLENFLD(*entry);
  }
  void Next() {
    offset += Length();
    ++entry;
  }
};

void Container(ByteBuffer& out, const JsonbContainer* container) {
  if (stack_is_too_deep()) {
    throw Error(sqlstate::kStatementTooComplex, "a jsonb value is nested too deeply to be encoded",
                "", "Raise the server's setting max_stack_depth.");
  }
  const std::uint32_t count = JsonContainerSize(container);
  const bool object = JsonContainerIsObject(container);
  const char* const base =
      reinterpret_cast<const char*>(&container->children[object ? 2 * count : count]);
  if (JsonContainerIsScalar(container)) {
    Entry(out, container->children[0], base, 0, JBE_OFFLENFLD(container->children[0]));
    return;
  }
  if (object) {
    // All keys stand before all values.
    Walk key{container->children, 0};
    Walk value{container->children + count, getJsonbOffset(container, static_cast<int>(count))};
    out.Append('{');
    for (std::uint32_t i = 0; i < count; ++i, key.Next(), value.Next()) {
      if (i > 0) out.Append(", ");
      AppendJsonString(out, {base + key.offset, key.Length()});
      out.Append(": ");
      Entry(out, *value.entry, base, value.offset, value.Length());
    }
    out.Append('}');
    return;
  }
  Walk element{container->children, 0};
  out.Append('[');
  for (std::uint32_t i = 0; i < count; ++i, element.Next()) {
    if (i > 0) out.Append(", ");
    Entry(out, *element.entry, base, element.offset, element.Length());
  }
  out.Append(']');
}

}  // namespace

void AppendJsonb(ByteBuffer& out, const Jsonb* value) {
  Container(out, &value->root);
}

}  // namespace phisync::sync
