// The guard triggers: no row goes, or loses its protection, against a minimum retention or a legal
// hold.

#include <algorithm>

#include "pg/text.h"
#include "retention/engine.h"
#include "retention/ledger.h"
#include "retention/retention.h"
#include "retention/rules.h"

namespace phisync::retention {
namespace {

using pg::Call;

enum class Change { kDelete, kUpdate, kTruncate };

const char* Verb(Change change) {
  switch (change) {
    case Change::kDelete:
      return "delete";
    case Change::kUpdate:
      return "update";
    case Change::kTruncate:
      return "truncate";
  }
  return "";
}

std::string Quoted(const char* name) {
  return std::string("\"") + name + '"';
}

// Names policies and holds, never a time: it would give the anchor away.
Error Held(const char* table, Change change, const Facts& facts) {
  std::string names;
  for (const std::string_view hold : facts.holds) {
    if (!names.empty()) names += ", ";
    names += '"' + std::string(hold) + '"';
  }
  const std::string what = change == Change::kUpdate ? " would take a row out of a legal hold"
                                                     : " would remove a row under legal hold";
  return Error(
      sqlstate::kHeld, Verb(change) + (" of " + Quoted(table)) + what, "Held by " + names + ".",
      "When the hold may end: SELECT phisync.release_legal_hold(name, reason). Other rows can be "
      "changed one by one.");
}

Error Retained(const char* table, Change change, const Facts& facts, Timestamp now, bool may_not) {
  const Verdict verdict = Explain(facts, now);
  const std::string what = change == Change::kUpdate
                               ? " would shorten the retention of a row or change its subject"
                               : " would remove a row under minimum retention";
  std::string detail = "Kept by the minimum retention of";
  for (const std::string& policy : verdict.policies) {
    detail += (&policy == verdict.policies.data() ? " \"" : ", \"") + policy + '"';
  }
  detail += may_not ? "; phisync.bypass_governance needs membership in phisync_officer." : ".";
  return Error(
      sqlstate::kRetained, Verb(change) + (" of " + Quoted(table)) + what, detail,
      "phisync.retention_status(relation, pk) says until when. A member of phisync_officer lets it "
      "go on record with SET LOCAL phisync.bypass_governance = 'reason'.");
}

bool IsOfficer() {
  return Call([] {
    const Oid officer = get_role_oid("phisync_officer", true);
    return OidIsValid(officer) && has_privs_of_role(GetUserId(), officer);
  });
}

// Refuses that a retained row goes or changes, unless the session may bypass governance and says
// why.
void RequireBypass(Relation relation, Change change, const Facts& facts, Timestamp now) {
  const bool asked = *BypassReason() != '\0';
  if (!asked || !IsOfficer()) {
    throw Retained(RelationGetRelationName(relation), change, facts, now, asked);
  }
}

void Record(Relation relation, Change change, int64 rows) {
  Call([&] { RecordBypass(RelationGetRelid(relation), Verb(change), BypassReason(), rows); });
}

// Whether the engine, asking for this row's disposal by `policy`, may have it. The row is locked,
// and the rules are those in force: it may have changed since the engine chose it.
bool EngineMayDelete(const Facts& facts, const std::string& policy, Timestamp now) {
  if (Judge(facts, now).decision != Decision::kDue) return false;
  return std::any_of(facts.claims.begin(), facts.claims.end(), [&](const Claim& claim) {
    return claim.policy->name == policy && AsksForDisposal(claim, now);
  });
}

bool MayDelete(Relation relation, TupleTableSlot* row, Timestamp now) {
  const Facts facts = RulesOf(relation).FactsOf(row);
  if (const std::string* policy = RunningPolicy(RelationGetRelid(relation))) {
    return EngineMayDelete(facts, *policy, now);
  }
  const Decision decision = Judge(facts, now).decision;
  if (decision == Decision::kHeld) {
    throw Held(RelationGetRelationName(relation), Change::kDelete, facts);
  }
  if (decision == Decision::kRetained) {
    RequireBypass(relation, Change::kDelete, facts, now);
    Record(relation, Change::kDelete, 1);
  }
  return true;
}

void CheckUpdate(Relation relation, TupleTableSlot* before, TupleTableSlot* after, Timestamp now) {
  Rules& rules = RulesOf(relation);
  const Facts old_facts = rules.FactsOf(before);
  const Facts new_facts = rules.FactsOf(after);
  const Loss loss = Compare(old_facts, new_facts, now);
  if (loss == Loss::kHold) {
    throw Held(RelationGetRelationName(relation), Change::kUpdate, old_facts);
  }
  const bool escapes =
      now < Judge(old_facts, now).retain_until && rules.ChangesSubject(before, after);
  if (loss == Loss::kMinimum || escapes) {
    RequireBypass(relation, Change::kUpdate, old_facts, now);
    Record(relation, Change::kUpdate, 1);
  }
}

// Every row is judged: one that is held or retained keeps the table.
void CheckTruncate(Relation relation, Timestamp now) {
  Rules& rules = RulesOf(relation);
  TupleTableSlot* slot = nullptr;
  TableScanDesc scan = nullptr;
  Snapshot snapshot = nullptr;
  Call([&] {
    slot = table_slot_create(relation, nullptr);
    snapshot = RegisterSnapshot(GetLatestSnapshot());
    scan = table_beginscan(relation, snapshot, 0, nullptr);
  });
  int64 bypassed = 0;
  while (Call([&] {
    CHECK_FOR_INTERRUPTS();
    return table_scan_getnextslot(scan, ForwardScanDirection, slot);
  })) {
    const Facts facts = rules.FactsOf(slot);
    const Decision decision = Judge(facts, now).decision;
    if (decision == Decision::kHeld) {
      throw Held(RelationGetRelationName(relation), Change::kTruncate, facts);
    }
    if (decision == Decision::kRetained) {
      RequireBypass(relation, Change::kTruncate, facts, now);
      ++bypassed;
    }
  }
  Call([&] {
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
    ExecDropSingleTupleTableSlot(slot);
  });
  if (bypassed > 0) Record(relation, Change::kTruncate, bypassed);
}

TriggerData* Triggered(FunctionCallInfo fcinfo, TriggerEvent level) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    throw Error("39P01", "a guard of phisync was called as a function",
                "Guards are triggers that phisync puts on tables with a policy or hold.",
                "Use phisync.retention_status(relation, pk) to ask about a row.");
  }
  auto* const trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
      (trigger->tg_event & TRIGGER_EVENT_ROW) != level) {
    throw Error("39P01", "a guard of phisync was attached by hand in a way that does not guard",
                "It fires before each row of DELETE and UPDATE, and before TRUNCATE.",
                "Drop the trigger and create the policy or hold anew.");
  }
  return trigger;
}

}  // namespace
}  // namespace phisync::retention

PHISYNC_FUNCTION(phisync_guard_row) {
  using namespace phisync::retention;
  TriggerData* const trigger = Triggered(fcinfo, TRIGGER_EVENT_ROW);
  const Timestamp now = GetCurrentTransactionStartTimestamp();
  LockHolds();
  if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event)) {
    const bool may = MayDelete(trigger->tg_relation, trigger->tg_trigslot, now);
    return PointerGetDatum(may ? trigger->tg_trigtuple : nullptr);
  }
  CheckUpdate(trigger->tg_relation, trigger->tg_trigslot, trigger->tg_newslot, now);
  return PointerGetDatum(trigger->tg_newtuple);
}

PHISYNC_FUNCTION(phisync_guard_truncate) {
  using namespace phisync::retention;
  TriggerData* const trigger = Triggered(fcinfo, 0);
  LockHolds();
  CheckTruncate(trigger->tg_relation, GetCurrentTransactionStartTimestamp());
  return PointerGetDatum(nullptr);
}
