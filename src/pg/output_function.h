#pragma once
// Any type's text by its output function, whatever the session's settings.

#include "pg/boundary.h"

namespace phisync::pg {

// Looked up once, called for many values. The settings that built-in output functions read
// (DateStyle, IntervalStyle, extra_float_digits, bytea_output, TimeZone) are held at fixed values
// during a call: ISO, postgres, 1, hex, GMT.
class OutputFunction {
 public:
  OutputFunction() = default;
  // `memory` keeps what the server caches for the function, and must outlive this object. Reads
  // catalogs.
  OutputFunction(Oid type, MemoryContext memory);

  // The palloc'd text; the caller frees it.
  char* Text(Datum value);

 private:
  FmgrInfo function_{};
};

}  // namespace phisync::pg
