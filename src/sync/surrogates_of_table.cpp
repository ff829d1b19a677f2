// phisync.make_surrogates_of: the surrogates of rows that are there already, a part of a table at a
// time.

#include <algorithm>
#include <string>

#include "core/error.h"
#include "pg/text.h"
#include "sync/surrogate_maker.h"

namespace phisync::sync {
namespace {

// What one call reads at most, so that its snapshot holds back no vacuum.
constexpr BlockNumber kBlocks = 8192;

struct Part {
  Relation table;
  BlockNumber first;
  std::int64_t max_new;  // it ends with the block in which so many are made
  BlockNumber next;      // InvalidBlockNumber: there is no more
};

void RequireTable(Relation relation) {
  if (relation->rd_rel->relkind == RELKIND_RELATION) return;
  throw Error(
      sqlstate::kWrongObjectType,
      std::string("\"") + RelationGetRelationName(relation) + "\" is no table with rows",
      "Surrogates are made of rows where they are stored.",
      "CALL phisync.make_surrogates(profile, relation); goes through partitions and heirs.");
}

// The values are printed as the owner of the table does it, whose types may have code of others.
void BecomeOwner(Relation table) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(table->rd_rel->relowner,
                         context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

void Make(Part& part, SurrogateMaker& maker) {
  const BlockNumber blocks = pg::Call([&] { return RelationGetNumberOfBlocks(part.table); });
  part.next = InvalidBlockNumber;
  if (part.first >= blocks) return;
  const BlockNumber last = std::min(blocks - part.first, kBlocks) + part.first - 1;
  if (last + 1 < blocks) part.next = last + 1;
  TupleTableSlot* slot = nullptr;
  TableScanDesc scan = nullptr;
  Snapshot snapshot = nullptr;
  MemoryContext rows = nullptr;
  pg::Call([&] {
    ItemPointerData from;
    ItemPointerData to;
    ItemPointerSet(&from, part.first, FirstOffsetNumber);
    ItemPointerSet(&to, last, MaxOffsetNumber);
    slot = table_slot_create(part.table, nullptr);
    snapshot = RegisterSnapshot(GetLatestSnapshot());
    scan = table_beginscan_tidrange(part.table, snapshot, &from, &to);
    rows = AllocSetContextCreate(CurrentMemoryContext, "phisync row", ALLOCSET_DEFAULT_SIZES);
  });
  MemoryContext const caller = MemoryContextSwitchTo(rows);
  while (pg::Call([&] {
    CHECK_FOR_INTERRUPTS();
    return table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot);
  })) {
    const BlockNumber block = ItemPointerGetBlockNumber(&slot->tts_tid);
    if (maker.made() >= part.max_new && block > part.first) {
      part.next = block;
      break;
    }
    maker.MakeOfStored(slot);
    MemoryContextReset(rows);
  }
  MemoryContextSwitchTo(caller);
  pg::Call([&] {
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
    ExecDropSingleTupleTableSlot(slot);
    MemoryContextDelete(rows);
  });
}

}  // namespace
}  // namespace phisync::sync

// (profile text, relation regclass, from_block bigint, max_new integer, OUT next_block bigint, OUT
// made bigint), strict
PHISYNC_FUNCTION(phisync_make_surrogates_of) {
  using namespace phisync;
  using namespace phisync::sync;
  const profiles::Profile profile =
      profiles::Require(pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(0); })));
  Part part{};
  part.first = static_cast<BlockNumber>(PG_GETARG_INT64(2));
  part.max_new = PG_GETARG_INT32(3);
  part.next = InvalidBlockNumber;
  part.table = pg::Call([&] { return try_relation_open(PG_GETARG_OID(1), AccessShareLock); });
  std::int64_t made = 0;
  // A table that is gone meanwhile has no rows.
  if (part.table != nullptr) {
    RequireTable(part.table);
    SurrogateMaker maker(part.table, &profile);
    pg::Call([] { PreventCommandIfReadOnly("phisync.make_surrogates()"); });
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    BecomeOwner(part.table);
    if (!maker.empty()) Make(part, maker);
    SetUserIdAndSecContext(user, context);
    made = maker.made();
    pg::Call([&] { relation_close(part.table, NoLock); });
  }
  return pg::Call([&] {
    TupleDesc desc;
    if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE) {
      elog(ERROR, "return type must be a row type");
    }
    Datum values[] = {Int64GetDatum(part.next), Int64GetDatum(made)};
    bool nulls[] = {part.next == InvalidBlockNumber, false};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
  });
}
