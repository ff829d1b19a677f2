// phisync.skip_transaction: passing over the transaction at which a slot is stuck.

#include "audit/stream.h"
#include "core/bytes.h"
#include "core/number.h"
#include "pg/boundary.h"
#include "pg/spi.h"
#include "pg/wal_reader.h"
#include "sync/lookup_plan.h"
#include "sync/plan.h"
#include "sync/policy.h"
#include "sync/probe.h"

namespace phisync::sync {

Probe* active_probe = nullptr;

void ProbeBegin() {
  active_probe->other = InvalidOid;
}

void ProbeChange(Relation relation, XLogRecPtr lsn) {
  Probe& probe = *active_probe;
  if (probe.commit != InvalidXLogRecPtr) return;
  if (relation != nullptr && !probe.concerns) {
    if (RelationGetRelid(relation) == probe.other) return;
    if (CompileRelation(relation, nullptr).queries.empty() &&
        CompileLookups(relation, nullptr).empty() && !IsPolicyTable(relation)) {
      probe.other = RelationGetRelid(relation);
      return;
    }
  }
  probe.concerns = true;
  if (lsn == probe.wanted) probe.met = true;
}

void ProbeCommit(const ReorderBufferTXN* txn) {
  Probe& probe = *active_probe;
  if (!probe.concerns || probe.commit != InvalidXLogRecPtr) return;
  probe.commit = txn->final_lsn;
  probe.end = txn->end_lsn;
  if (probe.wanted == txn->final_lsn) probe.met = true;
}

namespace {

// Sets the probe for as long as it lives.
class Probing {
 public:
  explicit Probing(Probe* probe) { active_probe = probe; }
  Probing(const Probing&) = delete;
  Probing& operator=(const Probing&) = delete;
  ~Probing() { active_probe = nullptr; }
};

// Decodes from where the slot's consumer is until the first transaction that it would be told of.
// Confirms nothing.
void FindNext(const char* slot, Probe* probe) {
  CheckSlotPermissions();
  CheckLogicalDecodingRequirements();
  pg::AcquireSlot(slot);
  if (SlotIsPhysical(MyReplicationSlot) ||
      strcmp(NameStr(MyReplicationSlot->data.plugin), "phisync") != 0) {
    ereport(ERROR,
            (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("slot \"%s\" is not one of phisync", slot),
             errdetail("Only slots made with the plugin phisync are passed on here."),
             errhint("SELECT slot FROM phisync.slots; lists them.")));
  }
  XLogReaderRoutine routine{};
  routine.page_read = read_local_xlog_page;
  routine.segment_open = wal_segment_open;
  routine.segment_close = wal_segment_close;
  LogicalDecodingContext* const ctx =
      CreateDecodingContext(InvalidXLogRecPtr, NIL, false, &routine, nullptr, nullptr, nullptr);
  XLogBeginRead(ctx->reader, MyReplicationSlot->data.restart_lsn);
  InvalidateSystemCaches();
  XLogRecPtr const end = GetFlushRecPtr(nullptr);
  while (ctx->reader->EndRecPtr < end) {
    char* error = nullptr;
    XLogRecord* const record = XLogReadRecord(ctx->reader, &error);
    if (error != nullptr) elog(ERROR, "could not read the log: %s", error);
    if (record != nullptr) LogicalDecodingProcessRecord(ctx, ctx->reader);
    if (!XLogRecPtrIsInvalid(probe->commit)) break;
    CHECK_FOR_INTERRUPTS();
  }
  FreeDecodingContext(ctx);
  ReplicationSlotRelease();
  InvalidateSystemCaches();
}

void Advance(Datum slot, XLogRecPtr end) {
  Oid types[] = {NAMEOID, PG_LSNOID};
  Datum values[] = {slot, LSNGetDatum(end)};
  SPI_connect();
  if (SPI_execute_with_args("SELECT pg_catalog.pg_replication_slot_advance($1, $2)", 2, types,
                            values, nullptr, false, 0) != SPI_OK_SELECT) {
    elog(ERROR, "could not advance the slot");
  }
  SPI_finish();
}

std::string LsnText(XLogRecPtr lsn) {
  ByteBuffer text;
  AppendLsn(text, lsn);
  return std::string(text.view());
}

}  // namespace
}  // namespace phisync::sync

// (slot name, lsn pg_lsn), strict; returns the end of the transaction
PHISYNC_FUNCTION(phisync_skip_transaction) {
  using namespace phisync;
  const std::string slot = NameStr(*PG_GETARG_NAME(0));
  sync::Probe probe{.wanted = PG_GETARG_LSN(1),
                    .met = false,
                    .concerns = false,
                    .other = InvalidOid,
                    .commit = InvalidXLogRecPtr,
                    .end = InvalidXLogRecPtr};
  {
    const sync::Probing probing(&probe);
    pg::Call([&] { sync::FindNext(slot.c_str(), &probe); });
  }
  if (probe.commit == InvalidXLogRecPtr) {
    throw Error(sqlstate::kInvalidParameterValue,
                "there is no transaction to skip in slot \"" + slot + '"',
                "Nothing that concerns it was committed after what its consumer has confirmed.");
  }
  if (!probe.met) {
    throw Error(
        sqlstate::kInvalidParameterValue,
        sync::LsnText(probe.wanted) + " is not in the next transaction of slot \"" + slot + '"',
        "The next one that its consumer has not confirmed was committed at " +
            sync::LsnText(probe.commit) + "; only that one can be skipped.",
        "Take the LSN from the error in the server's log, and let the consumer confirm what comes "
        "before.");
  }
  const Datum name = PG_GETARG_DATUM(0);
  pg::Call([&] { sync::Advance(name, probe.end); });
  const std::string commit = sync::LsnText(probe.commit);
  audit::RecordSkip(slot, commit);
  pg::Call([&] {
    ereport(LOG, (errmsg("phisync skipped a transaction: slot \"%s\", commit at %s", slot.c_str(),
                         commit.c_str())));
    ereport(WARNING, (errmsg("consumers of slot \"%s\" have missed a transaction", slot.c_str()),
                      errhint("Rebuild their buckets from a snapshot.")));
  });
  PG_RETURN_LSN(probe.end);
}
