#include "reads/settings.h"

#include "pg/backend.h"
#include "pg/worker.h"

namespace phisync::reads {
namespace {

int enforcement = static_cast<int>(Enforcement::kOff);
bool superuser_reads = false;

constexpr config_enum_entry kEnforcements[] = {
    {"off", static_cast<int>(Enforcement::kOff), false},
    {"audit", static_cast<int>(Enforcement::kAudit), false},
    {"deny", static_cast<int>(Enforcement::kDeny), false},
    {nullptr, 0, false}};

// A session may make it stricter for itself, never weaker: neither by SET, nor by a SET clause of a
// function, nor by the options with which it connects, which come before the settings of database
// and role are known and would outrank them. RESET goes back to those.
bool CheckEnforcement(int* value, void**, GucSource source) {
  if (InitializingParallelWorker) return true;  // takes what its leader has
  const bool weaker = source == PGC_S_SESSION  ? *value < enforcement
                      : source == PGC_S_CLIENT ? *value != static_cast<int>(Enforcement::kDeny)
                                               : false;
  if (!weaker) return true;
  GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
  GUC_check_errmsg("phisync.read_enforcement cannot be weakened by the session that it binds");
  GUC_check_errdetail("A session can only make it stricter, and RESET it.");
  GUC_check_errhint(
      "SELECT phisync.set_read_enforcement(mode, role); by a member of "
      "phisync_officer holds for sessions that start later.");
  return false;
}

}  // namespace

Enforcement CurrentEnforcement() {
  return static_cast<Enforcement>(enforcement);
}
bool SuperuserReads() {
  return superuser_reads;
}

void DefineSettings() {
  DefineCustomEnumVariable(
      "phisync.read_enforcement",
      "What becomes of statements that read PHI which their role is not granted to read.",
      "off: nothing; audit: they are recorded; deny: they fail, and are recorded. Needs preload.",
      &enforcement, static_cast<int>(Enforcement::kOff), kEnforcements, PGC_SUSET, 0,
      CheckEnforcement, nullptr, nullptr);
  DefineCustomBoolVariable("phisync.superuser_reads",
                           "Whether superusers read PHI without a grant.",
                           "Each statement that they read it with is then recorded as exempt.",
                           &superuser_reads, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

}  // namespace phisync::reads
