#include "pg/output_function.h"

#include "pg/types.h"

namespace phisync::pg {
namespace {

// Found with the first function; the server keeps zones for good.
pg_tz* utc = nullptr;

// The settings are plain variables of the server: a few loads and stores, and the destructor sets
// them back on error too.
class FixedSettings {
 public:
  FixedSettings() {
    DateStyle = USE_ISO_DATES;
    IntervalStyle = INTSTYLE_POSTGRES;
    extra_float_digits = 1;
    bytea_output = BYTEA_OUTPUT_HEX;
    session_timezone = utc;
  }
  FixedSettings(const FixedSettings&) = delete;
  FixedSettings& operator=(const FixedSettings&) = delete;
  ~FixedSettings() {
    DateStyle = date_style_;
    IntervalStyle = interval_style_;
    extra_float_digits = float_digits_;
    bytea_output = bytea_output_;
    session_timezone = zone_;
  }

 private:
  int date_style_ = DateStyle;
  int interval_style_ = IntervalStyle;
  int float_digits_ = extra_float_digits;
  int bytea_output_ = bytea_output;
  pg_tz* zone_ = session_timezone;
};

}  // namespace

OutputFunction::OutputFunction(Oid type, MemoryContext memory) {
  Call([&] {
    Oid function;
    bool varlena;
    getTypeOutputInfo(type, &function, &varlena);
    fmgr_info_cxt(function, &function_, memory);
    if (utc == nullptr) utc = pg_tzset("GMT");
  });
}

char* OutputFunction::Text(Datum value) {
  const FixedSettings fixed;
  return Call([&] { return OutputFunctionCall(&function_, value); });
}

}  // namespace phisync::pg
