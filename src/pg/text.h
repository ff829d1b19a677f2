#pragma once
// The server's texts as string views, and back.

#include <string>
#include <string_view>

#include "pg/boundary.h"

namespace phisync::pg {

// The bytes of a detoasted text (PG_GETARG_TEXT_PP); valid as long as the datum is.
inline std::string_view View(const text* t) {
  return {VARDATA_ANY(t), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(t))};
}

// A palloc'd text; from a frame with C++ objects.
inline Datum TextDatum(std::string_view s) {
  return Call([&] {
    return PointerGetDatum(cstring_to_text_with_len(s.data(), static_cast<int>(s.size())));
  });
}

}  // namespace phisync::pg
