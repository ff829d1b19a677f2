#include "audit/settings.h"

#include <cctype>
#include <cstring>

#include "core/purpose.h"
#include "pg/boundary.h"

namespace phisync::audit {
namespace {

constexpr std::size_t kMaxActorBytes = 256;

char* actor = nullptr;
char* purpose = nullptr;
int durability = static_cast<int>(Durability::kAsync);
int on_failure = static_cast<int>(OnFailure::kError);
int wait_timeout_ms = 10000;
int queue_size_kb = 8192;

constexpr config_enum_entry kDurabilities[] = {
    {"async", static_cast<int>(Durability::kAsync), false},
    {"commit", static_cast<int>(Durability::kCommit), false},
    {nullptr, 0, false}};
constexpr config_enum_entry kOnFailures[] = {
    {"error", static_cast<int>(OnFailure::kError), false},
    {"continue", static_cast<int>(OnFailure::kContinue), false},
    {nullptr, 0, false}};

bool CheckActor(char** value, void**, GucSource) {
  const std::size_t size = std::strlen(*value);
  bool control = false;
  for (const char* c = *value; *c != '\0'; ++c)
    control = control || iscntrl(static_cast<unsigned char>(*c));
  if (size <= kMaxActorBytes && !control) return true;
  GUC_check_errdetail("The application user is at most %zu bytes without control characters.",
                      kMaxActorBytes);
  return false;
}

bool CheckPurpose(char** value, void**, GucSource) {
  return pg::Entry([&] {
    if (**value == '\0' || IsPurpose(*value)) return true;
    GUC_check_errdetail("It is not a purpose of use that HL7 defines.");
    GUC_check_errhint("%s", kPurposeHint);
    return false;
  });
}

}  // namespace

const char* Actor() {
  return actor != nullptr ? actor : "";
}
const char* Purpose() {
  return purpose != nullptr ? purpose : "";
}
Durability AuditDurability() {
  return static_cast<Durability>(durability);
}
OnFailure AuditOnFailure() {
  return static_cast<OnFailure>(on_failure);
}
int WaitTimeoutMs() {
  return wait_timeout_ms;
}
int QueueSizeKb() {
  return queue_size_kb;
}

void DefineSettings() {
  DefineCustomStringVariable("phisync.actor", "Application user on whose behalf the session works.",
                             "Set by the application, once per request behind a connection pool; "
                             "written to the audit trail.",
                             &actor, "", PGC_USERSET, 0, CheckActor, nullptr, nullptr);
  DefineCustomStringVariable("phisync.purpose",
                             "Purpose of use: a code of the HL7 value set PurposeOfUse.",
                             "Written to the audit trail. Empty: not declared.", &purpose, "",
                             PGC_USERSET, 0, CheckPurpose, nullptr, nullptr);
  DefineCustomEnumVariable("phisync.audit_durability", "When an audited statement may return.",
                           "async: its event is queued; commit: its event is on disk in the trail.",
                           &durability, static_cast<int>(Durability::kAsync), kDurabilities,
                           PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable(
      "phisync.audit_on_failure", "What an audited statement does when it cannot be recorded.",
      "error: it fails; continue: it goes on, and a gap of that many events is recorded later.",
      &on_failure, static_cast<int>(OnFailure::kError), kOnFailures, PGC_SUSET, 0, nullptr, nullptr,
      nullptr);
  DefineCustomIntVariable(
      "phisync.audit_wait_timeout",
      "How long an audited statement waits to be recorded before it counts as failure.", nullptr,
      &wait_timeout_ms, 10000, 1, 3600000, PGC_SUSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
  if (!process_shared_preload_libraries_in_progress) return;
  DefineCustomIntVariable("phisync.audit_queue_size",
                          "Shared memory for audit events on their way to the trail.", nullptr,
                          &queue_size_kb, 8192, 256, 1048576, PGC_POSTMASTER, GUC_UNIT_KB, nullptr,
                          nullptr, nullptr);
}

}  // namespace phisync::audit
