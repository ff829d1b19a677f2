#include "pg/fixed_settings.h"

#include "pg/types.h"

namespace phisync::pg {
namespace {

// Found when first needed; the server keeps zones for good.
pg_tz* Gmt() {
  static pg_tz* zone = nullptr;
  if (zone == nullptr) zone = Call([] { return pg_tzset("GMT"); });
  return zone;
}

}  // namespace

FixedSettings::FixedSettings()
    : date_style_(DateStyle),
      date_order_(DateOrder),
      interval_style_(IntervalStyle),
      float_digits_(extra_float_digits),
      bytea_output_(bytea_output),
      zone_(session_timezone) {
  session_timezone = Gmt();
  DateStyle = USE_ISO_DATES;
  DateOrder = DATEORDER_YMD;
  IntervalStyle = INTSTYLE_POSTGRES;
  extra_float_digits = 1;
  bytea_output = BYTEA_OUTPUT_HEX;
}

FixedSettings::~FixedSettings() {
  DateStyle = date_style_;
  DateOrder = date_order_;
  IntervalStyle = interval_style_;
  extra_float_digits = float_digits_;
  bytea_output = bytea_output_;
  session_timezone = static_cast<pg_tz*>(zone_);
}

}  // namespace phisync::pg
