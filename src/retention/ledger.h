#pragma once
// The tables that runs are kept in: progress of a run, and the ledger of dispositions. Written as
// their owner, whoever calls. Every function here may raise the server's errors: call it from a
// frame that owns nothing, or inside Call.

#include "pg/tables.h"

namespace phisync::retention {

struct RunRow {
  int64 id;
  const char* policy;
  Oid relation;
  Oid file;  // the relation's file when positions were taken; rewriting the table moves its rows
  ItemPointerData next;
  int64 end_block;
  bool dry_run;
  bool finished;
  int64 batches;
  bool guarded;
};

struct Counts {
  int64 disposed;
  int64 kept_by_hold;
  int64 kept_by_minimum;
  int64 failed;
  int64 skipped;
};

// Reads a run and locks its row: of two sessions that work on a run, one does this batch and the
// other the next. Raises 42704 if there is none.
RunRow LockRun(int64 id);

// Writes what a batch did: the run's progress, and its row of the ledger unless it did nothing or
// was a dry run. `sqlstates` are five characters each.
void SaveBatch(const RunRow& run, const Counts& counts, const char* const* sqlstates,
               int n_sqlstates, XLogRecPtr mark, TimestampTz started_at, bool finished);

// Writes that rows were let go, or changed, against their minimum retention.
void RecordBypass(Oid relation, const char* operation, const char* reason, int64 rows);

}  // namespace phisync::retention
