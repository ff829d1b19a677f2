// The check of reads, at the start of every statement and of COPY.

#include "audit/settings.h"
#include "audit/statements.h"
#include "core/purpose.h"
#include "pg/boundary.h"
#include "pg/worker.h"
#include "reads/grants.h"
#include "reads/needs.h"
#include "reads/reads.h"
#include "reads/settings.h"
#include "reads/trust.h"
#include "reads/verdict.h"

namespace phisync::reads {
namespace {

// What a role lacks.
struct Lack {
  Oid role = InvalidOid;
  ReadKinds kinds;
  bool exempt = false;
};

ReadKinds Missing(Oid role, const ReadKinds& needed) {
  return needed & ~GrantedTo(role, audit::CanonicalPurpose(audit::Purpose()));
}

// The role that the session has taken is bound, whatever a view or a SECURITY DEFINER function runs
// as; and where a function or the server's maintenance runs as somebody else, so is that role, lest
// its code read what only its caller may. There a superuser lacks nothing.
Lack LackOf(const ReadKinds& needed) {
  const Oid role = GetOuterUserId();
  if (const ReadKinds missing = Missing(role, needed); missing.any()) {
    return {role, missing, SuperuserReads() && pg::Call([&] { return superuser_arg(role); })};
  }
  const Oid current = GetUserId();
  if (current == role) return {};
  if (const ReadKinds missing = Missing(current, needed);
      missing.any() && !pg::Call([&] { return superuser_arg(current); })) {
    return {current, missing, false};
  }
  return {};
}

// False: the statement must not start, and the caller does not want an error.
bool Judge(const List* entries, bool raise, Enforcement enforcement) {
  ReadKinds needed;
  EachNeed(entries, [&](Oid, Need need) { needed.set(need.kind); });
  if (needed.none() || !HasGrants()) return true;
  const Lack lack = LackOf(needed);
  if (lack.kinds.none()) return true;
  const bool denied = !lack.exempt && enforcement == Enforcement::kDeny;
  if (!raise) return !denied;
  // What goes on is recorded by the leader.
  if (!denied && IsParallelWorker()) return true;
  const std::vector<audit::TouchedRelation> relations = ColumnsOf(entries, lack.kinds);
  audit::RecordVerdict(lack.exempt ? audit::Outcome::kExempt
                       : denied    ? audit::Outcome::kDenied
                                   : audit::Outcome::kWouldDeny,
                       relations);
  if (denied) Refuse(lack.role, lack.kinds, relations);
  return true;
}

bool checks_reads = false;

bool Check(const List* entries, bool raise) {
  const Enforcement enforcement = CurrentEnforcement();
  if (enforcement == Enforcement::kOff || IsTrusted()) return true;
  // Tags and grants count at once, also within a transaction that holds its locks already.
  AcceptInvalidationMessages();
  return pg::Entry([&] { return Judge(entries, raise, enforcement); });
}

}  // namespace

void Init() {
  DefineSettings();
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  InitNeeds();
  InitGrants();
  InitTrust();
  pg::AddPermissionCheck(Check);
  checks_reads = true;
}

bool ChecksReads() {
  return checks_reads;
}

}  // namespace phisync::reads
