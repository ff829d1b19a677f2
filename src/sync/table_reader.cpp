#include "sync/table_reader.h"

namespace phisync::sync {
namespace {

// As the planner asks before it uses an index for the current snapshot.
bool IsUsable(Relation index) {
  const Form_pg_index form = index->rd_index;
  if (!form->indisvalid || index->rd_rel->relam != BTREE_AM_OID) return false;
  if (form->indcheckxmin &&
      !TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
                             TransactionXmin)) {
    return false;
  }
  return RelationGetIndexPredicate(index) == NIL;
}

// The operator by which a column of the index compares; built in, so that equal is what the
// parameter of a bucket means by it.
Oid EqualityOf(Relation index, int column) {
  Oid const type = index->rd_opcintype[column];
  Oid const equality =
      get_opfamily_member(index->rd_opfamily[column], type, type, BTEqualStrategyNumber);
  return OidIsValid(equality) && equality < FirstNormalObjectId ? equality : InvalidOid;
}

}  // namespace

List* RowTables(Oid relation) {
  Relation const root = try_relation_open(relation, AccessShareLock);
  if (root == nullptr) return NIL;
  char const kind = root->rd_rel->relkind;
  relation_close(root, NoLock);
  if (kind != RELKIND_PARTITIONED_TABLE) return list_make1_oid(relation);
  List* leaves = NIL;
  List* const members = find_all_inheritors(relation, AccessShareLock, nullptr);
  ListCell* cell;
  foreach (cell, members) {
    if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION) {
      leaves = lappend_oid(leaves, lfirst_oid(cell));
    }
  }
  return leaves;
}

void AddIndexKey(IndexKeys* keys, Relation index, Datum value, bool any) {
  int const column = keys->n;
  ScanKeyEntryInitialize(
      &keys->keys[column], any ? SK_SEARCHARRAY : 0, static_cast<AttrNumber>(column + 1),
      BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[column],
      get_opcode(get_opfamily_member(index->rd_opfamily[column], index->rd_opcintype[column],
                                     index->rd_opcintype[column], BTEqualStrategyNumber)),
      value);
  keys->index = RelationGetRelid(index);
  keys->n = column + 1;
}

Oid FindIndex(Relation table, AttrNumber column) {
  Oid found = InvalidOid;
  List* const indexes = RelationGetIndexList(table);
  ListCell* cell;
  foreach (cell, indexes) {
    Relation const index = index_open(lfirst_oid(cell), AccessShareLock);
    if (IsUsable(index) && index->rd_index->indkey.values[0] == column &&
        OidIsValid(EqualityOf(index, 0))) {
      found = RelationGetRelid(index);
    }
    index_close(index, AccessShareLock);
    if (OidIsValid(found)) break;
  }
  list_free(indexes);
  return found;
}

void RequireUnchanged(Relation table, Snapshot snapshot) {
  HeapTuple const row = SearchSysCache1(RELOID, ObjectIdGetDatum(RelationGetRelid(table)));
  if (!HeapTupleIsValid(row)) elog(ERROR, "table %u does not exist", RelationGetRelid(table));
  TransactionId const changed_by = HeapTupleHeaderGetXmin(row->t_data);
  ReleaseSysCache(row);
  if (TransactionIdIsCurrentTransactionId(changed_by) || !XidInMVCCSnapshot(changed_by, snapshot)) {
    return;
  }
  ereport(ERROR,
          (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
           errmsg("table \"%s\" was changed by a transaction that the snapshot does not see",
                  RelationGetRelationName(table)),
           errdetail("A table that is truncated or rewritten looks empty to older snapshots."),
           errhint("Start again with a new snapshot.")));
}

void TableReader::Open(Relation table, Snapshot snapshot, const IndexKeys* keys,
                       MemoryContext memory) {
  memory_ = memory;
  MemoryContext const before = MemoryContextSwitchTo(memory);
  slot_ = table_slot_create(table, nullptr);
  if (keys == nullptr) {
    // From the first page on, so that the same rows come in the same order.
    heap_scan_ = table_beginscan_strat(table, snapshot, 0, nullptr, true, false);
  } else {
    index_ = index_open(keys->index, AccessShareLock);
    index_scan_ = pg::BeginIndexScan(table, index_, snapshot, keys->n);
    index_rescan(index_scan_, const_cast<ScanKey>(keys->keys), keys->n, nullptr, 0);
  }
  MemoryContextSwitchTo(before);
}

HeapTuple TableReader::Next() {
  CHECK_FOR_INTERRUPTS();
  // A btree scan allocates its list of dead entries when it meets the first, and keeps it.
  MemoryContext const before = MemoryContextSwitchTo(memory_);
  bool const found = heap_scan_ != nullptr
                         ? table_scan_getnextslot(heap_scan_, ForwardScanDirection, slot_)
                         : index_getnext_slot(index_scan_, ForwardScanDirection, slot_);
  MemoryContextSwitchTo(before);
  return found ? ExecFetchSlotHeapTuple(slot_, false, nullptr) : nullptr;
}

void TableReader::Close() {
  if (heap_scan_ != nullptr) table_endscan(heap_scan_);
  if (index_scan_ != nullptr) index_endscan(index_scan_);
  if (index_ != nullptr) index_close(index_, NoLock);
  if (slot_ != nullptr) ExecDropSingleTupleTableSlot(slot_);
  *this = {};
}

}  // namespace phisync::sync
