#include "masks/utf8_text.h"

#include "core/utf8.h"
#include "pg/encoding.h"

namespace phisync::masks {
namespace {

// The code points of valid UTF-8, ended by a zero, as the server's function takes them.
pg_wchar* Decode(std::string_view utf8) {
  auto* const points = static_cast<pg_wchar*>(palloc(sizeof(pg_wchar) * (utf8.size() + 1)));
  std::size_t count = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(utf8.data() + at);
    points[count++] = utf8_to_unicode(bytes);
    at += static_cast<std::size_t>(pg_utf_mblen(bytes));
  }
  points[count] = 0;
  return points;
}

}  // namespace

std::string_view ToUtf8(std::string_view text) {
  return pg::Call([&]() -> std::string_view {
    char* const converted = pg_server_to_any(text.data(), static_cast<int>(text.size()), PG_UTF8);
    if (converted == text.data()) return text;
    return {converted, strlen(converted)};
  });
}

std::string_view ToNormalFormC(std::string_view utf8) {
  if (IsAscii(utf8)) return utf8;
  return pg::Call([&]() -> std::string_view {
    const pg_wchar* const points = unicode_normalize(UNICODE_NFC, Decode(utf8));
    std::size_t count = 0;
    while (points[count] != 0) ++count;
    auto* const bytes = static_cast<unsigned char*>(palloc(4 * count + 1));
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      unicode_to_utf8(points[i], bytes + size);
      size += static_cast<std::size_t>(pg_utf_mblen(bytes + size));
    }
    return {reinterpret_cast<const char*>(bytes), size};
  });
}

Datum FromUtf8(std::string_view utf8) {
  return pg::Call([&] {
    char* const converted = pg_any_to_server(utf8.data(), static_cast<int>(utf8.size()), PG_UTF8);
    const std::size_t size = converted == utf8.data() ? utf8.size() : strlen(converted);
    return PointerGetDatum(cstring_to_text_with_len(converted, static_cast<int>(size)));
  });
}

}  // namespace phisync::masks
