#pragma once
// The rows of one table that a snapshot shows, whoever may read them.

#include "pg/tables.h"

namespace phisync::sync {

// The tables that hold the rows of `relation`: itself, or its partitions, locked against changes of
// their form; NIL if there is none any more.
List* RowTables(Oid relation);

// A btree index, and what its leading columns must equal.
struct IndexKeys {
  Oid index = InvalidOid;
  ScanKeyData keys[INDEX_MAX_KEYS];
  int n = 0;
};

// Adds to `keys` that the next column of the open index equals `value`; if `any`, that it equals an
// element of the array `value`.
void AddIndexKey(IndexKeys* keys, Relation index, Datum value, bool any);

// An index that `snapshot` may use to find rows by the value of one column; InvalidOid if there is
// none.
Oid FindIndex(Relation table, AttrNumber column);

// Raises 40001 if a transaction that the snapshot does not see has changed the locked table itself:
// one that was truncated or rewritten looks empty to older snapshots.
void RequireUnchanged(Relation table, Snapshot snapshot);

// Reads a table, locked by the caller, in the order of the heap, or of an index. Plain pointers, so
// that an error may skip it; the server then releases what it holds.
class TableReader {
 public:
  // `keys` null: all rows. What the scan allocates lives in `memory`.
  void Open(Relation table, Snapshot snapshot, const IndexKeys* keys, MemoryContext memory);
  // The next row, null at the end; valid until the next call of any function here. Lets a waiting
  // cancel through.
  HeapTuple Next();
  // Not to be called after an error.
  void Close();

 private:
  TableScanDesc heap_scan_ = nullptr;
  IndexScanDesc index_scan_ = nullptr;
  Relation index_ = nullptr;
  TupleTableSlot* slot_ = nullptr;
  MemoryContext memory_ = nullptr;
};

}  // namespace phisync::sync
