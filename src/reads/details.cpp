#include "reads/details.h"

#include "pg/boundary.h"
#include "reads/check.h"
#include "reads/grants.h"
#include "reads/needs.h"

namespace phisync::reads {
namespace {

bool withheld = false;  // in this transaction

bool NamesValues(int code) {
  switch (code) {
    case ERRCODE_NOT_NULL_VIOLATION:
    case ERRCODE_FOREIGN_KEY_VIOLATION:
    case ERRCODE_UNIQUE_VIOLATION:
    case ERRCODE_CHECK_VIOLATION:
    case ERRCODE_EXCLUSION_VIOLATION:
    case ERRCODE_WITH_CHECK_OPTION_VIOLATION:
      return true;
    default:
      return false;
  }
}

// Runs while the error is put together, before any handler sees it. Replaces the detail.
void OnError(void*) {
  if (!withheld || !NamesValues(geterrcode())) return;
  errdetail("Values of the row are not shown to a role that may not read all PHI of its table.");
}

ErrorContextCallback bottom;

// Under all other callbacks, and there it stays: constraints can be deferred until the transaction
// commits, when no hook runs. Whoever puts the stack back to what it was before has to find it
// there, so it is there between transactions; an error of the session empties the stack before it
// ends its transaction.
void StayAtBottom() {
  ErrorContextCallback** end = &error_context_stack;
  while (*end != nullptr && *end != &bottom) end = &(*end)->previous;
  if (*end != nullptr) return;
  bottom.callback = OnError;
  *end = &bottom;
}

void OnTransactionEnd(XactEvent event, void*) {
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) {
    withheld = false;
    StayAtBottom();
  }
}

void OnSubtransactionEnd(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  if (event == SUBXACT_EVENT_ABORT_SUB) StayAtBottom();
}

}  // namespace

void NoteWrite(Oid relation) {
  if (withheld) return;
  ReadKinds kinds;
  for (const Need need : NeedsOf(relation)) kinds.set(need.kind);
  if (kinds.none() || !HasGrants()) return;
  const Lack lack = LackOf(kinds);
  withheld = lack.kinds.any() && !lack.exempt;
  if (withheld) StayAtBottom();
}

void NoteWrites(const List* entries) {
  // An error of the protocol has emptied the stack outside of a transaction.
  if (withheld) StayAtBottom();
  const int count = list_length(entries);
  for (int i = 0; i < count && !withheld; ++i) {
    if (const Oid relation = pg::WrittenRelation(entries, i); OidIsValid(relation)) {
      NoteWrite(relation);
    }
  }
}

void InitDetails() {
  pg::Call([] {
    RegisterXactCallback(OnTransactionEnd, nullptr);
    RegisterSubXactCallback(OnSubtransactionEnd, nullptr);
  });
}

}  // namespace phisync::reads
