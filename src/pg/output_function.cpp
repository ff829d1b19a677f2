#include "pg/output_function.h"

#include "pg/fixed_settings.h"

namespace phisync::pg {

OutputFunction::OutputFunction(Oid type, MemoryContext memory) {
  Call([&] {
    Oid function;
    bool varlena;
    getTypeOutputInfo(type, &function, &varlena);
    fmgr_info_cxt(function, &function_, memory);
  });
}

char* OutputFunction::Text(Datum value) {
  const FixedSettings fixed;
  return Call([&] { return OutputFunctionCall(&function_, value); });
}

}  // namespace phisync::pg
