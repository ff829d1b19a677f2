#pragma once
// The settings of the session that output functions and expressions read, held at fixed values.

#include "pg/boundary.h"

namespace phisync::pg {

// While it lives: DateStyle ISO, YMD; IntervalStyle postgres; extra_float_digits 1; bytea_output
// hex; TimeZone GMT. The settings are plain variables of the server: a few loads and stores, and
// the destructor sets them back on error too. So calls of the server meanwhile go through Call, and
// nothing of the user's runs that may see or change settings.
class FixedSettings {
 public:
  FixedSettings();
  FixedSettings(const FixedSettings&) = delete;
  FixedSettings& operator=(const FixedSettings&) = delete;
  ~FixedSettings();

 private:
  int date_style_;
  int date_order_;
  int interval_style_;
  int float_digits_;
  int bytea_output_;
  void* zone_;
};

}  // namespace phisync::pg
