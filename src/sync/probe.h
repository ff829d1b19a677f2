#pragma once
// Reading a slot's log without making records of it: which transaction would come next.

#include "pg/decoding.h"

namespace phisync::sync {

// The first transaction of which the slot's consumer would be told something.
struct Probe {
  XLogRecPtr wanted;  // LSN of one of its changes, or of its commit
  bool met;           // `wanted` is in this transaction
  bool concerns;      // it may give records
  Oid other;          // a relation of whose changes no consumer is told, as met in this transaction
  XLogRecPtr commit;  // InvalidXLogRecPtr: none was found
  XLogRecPtr end;
};

// While it is not null, the plugin's callbacks fill it in place of a stream.
extern Probe* active_probe;

// What the callbacks do then. A message has no relation. Throw.
void ProbeBegin();
void ProbeChange(Relation relation, XLogRecPtr lsn);
void ProbeCommit(const ReorderBufferTXN* txn);

}  // namespace phisync::sync
