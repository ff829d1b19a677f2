#include "retention/retention.h"

#include "pg/boundary.h"
#include "retention/rules.h"

namespace phisync::retention {
namespace {

char* bypass_governance = nullptr;

}  // namespace

const char* BypassReason() {
  return bypass_governance != nullptr ? bypass_governance : "";
}

void Init() {
  pg::Call([] {
    DefineCustomStringVariable(
        "phisync.bypass_governance",
        "Reason for which rows under minimum retention may be deleted or changed in this "
        "transaction.",
        "Works for members of phisync_officer and is recorded in phisync.dispositions. Legal holds "
        "cannot be bypassed.",
        &bypass_governance, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
  });
  InitRules();
}

}  // namespace phisync::retention
