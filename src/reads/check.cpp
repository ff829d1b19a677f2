// The check of reads, at the start of every statement and of COPY, and before commands.

#include "reads/check.h"
#include "audit/settings.h"
#include "audit/statements.h"
#include "core/purpose.h"
#include "pg/boundary.h"
#include "pg/worker.h"
#include "reads/commands.h"
#include "reads/details.h"
#include "reads/grants.h"
#include "reads/needs.h"
#include "reads/reads.h"
#include "reads/trust.h"
#include "reads/verdict.h"

namespace phisync::reads {
namespace {

ReadKinds Missing(Oid role, const ReadKinds& needed) {
  // Most grants are for any purpose, and then none is spelt out.
  const ReadKinds missing = needed & ~AlwaysGrantedTo(role);
  if (missing.none()) return missing;
  return missing & ~GrantedTo(role, audit::CanonicalPurpose(audit::Purpose()));
}

}  // namespace

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

namespace {

bool checks_reads = false;

bool Check(const List* entries, bool raise) {
  const Enforcement enforcement = CurrentEnforcement();
  if (enforcement == Enforcement::kOff) return true;
  // Tags and grants count at once, also within a transaction that holds its locks already.
  AcceptInvalidationMessages();
  return pg::Entry([&] {
    // Also of what the server does as it follows a foreign key: its errors reach the session.
    if (enforcement == Enforcement::kDeny) NoteWrites(entries);
    return IsTrusted() || Judge(entries, raise, enforcement);
  });
}

void CheckCommand(Node* command) {
  const Enforcement enforcement = CurrentEnforcement();
  if (enforcement == Enforcement::kOff || !MayHandOverRows(command) || IsTrusted()) return;
  pg::Call([] { AcceptInvalidationMessages(); });
  if (const List* entries = pg::Call([&] { return EntriesReadBy(command); }); entries != nullptr) {
    Judge(entries, true, enforcement);
  }
  if (enforcement != Enforcement::kDeny) return;
  const Oid relation = pg::Call([&] { return RelationCheckedBy(command); });
  if (OidIsValid(relation)) NoteWrite(relation);
}

}  // namespace

void Init() {
  DefineSettings();
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  InitNeeds();
  InitGrants();
  InitTrust();
  InitDetails();
  pg::AddPermissionCheck(Check);
  audit::AddCommandCheck(CheckCommand);
  checks_reads = true;
}

bool ChecksReads() {
  return checks_reads;
}

}  // namespace phisync::reads
