#pragma once
// Logical decoding as an output plugin sees it.

#include "pg/backend.h"

extern "C" {
#include <access/xlog.h>
#include <access/xlogrecovery.h>
#include <commands/dbcommands.h>
#include <mb/pg_wchar.h>
#include <nodes/pg_list.h>
#include <replication/logical.h>
#include <replication/origin.h>
#include <replication/output_plugin.h>
#include <replication/reorderbuffer.h>
#include <replication/slot.h>
#include <storage/ipc.h>
#include <utils/timestamp.h>
}

namespace phisync::pg {

// The row after and before a change; null where the change has none.
inline HeapTuple NewTuple(const ReorderBufferChange* change) {
#if PG_VERSION_NUM < 170000
  return change->data.tp.newtuple == nullptr ? nullptr : &change->data.tp.newtuple->tuple;
#else
  return change->data.tp.newtuple;
#endif
}
inline HeapTuple OldTuple(const ReorderBufferChange* change) {
#if PG_VERSION_NUM < 170000
  return change->data.tp.oldtuple == nullptr ? nullptr : &change->data.tp.oldtuple->tuple;
#else
  return change->data.tp.oldtuple;
#endif
}

// The subtransaction that a message of a transaction in progress was written in, else 0. The server
// tells the transaction alone, but keeps the changes of each subtransaction apart, in order. One
// that the server has just put aside to read more from disk is not found.
inline TransactionId SubtransactionOfMessage(const ReorderBufferTXN* txn, XLogRecPtr message) {
  constexpr auto first = [](const dlist_head& list) {
    return list.head.next != nullptr ? list.head.next : &list.head;
  };
  for (const dlist_node* i = first(txn->subtxns); i != &txn->subtxns.head; i = i->next) {
    const auto* const sub = reinterpret_cast<const ReorderBufferTXN*>(
        reinterpret_cast<const char*>(i) - offsetof(ReorderBufferTXN, node));
    for (const dlist_node* j = first(sub->changes); j != &sub->changes.head; j = j->next) {
      const auto* const change = reinterpret_cast<const ReorderBufferChange*>(
          reinterpret_cast<const char*>(j) - offsetof(ReorderBufferChange, node));
      if (change->lsn > message) break;
      if (change->lsn == message && change->action == REORDER_BUFFER_CHANGE_MESSAGE) {
        return sub->xid;
      }
    }
  }
  return InvalidTransactionId;
}

// Keeps the connection alive while a long transaction is filtered; to be called for each change
// that is not sent. From 16 on the server does so itself.
inline void KeepAlive([[maybe_unused]] LogicalDecodingContext* ctx) {
#if PG_VERSION_NUM < 160000
  constexpr int kEvery = 100;
  static int changes = 0;
  if (++changes < kEvery) return;
  changes = 0;
  OutputPluginUpdateProgress(ctx, false);
#endif
}

// The timeline of the log that is decoded, of a primary or a standby.
inline TimeLineID CurrentTimeline() {
  if (!RecoveryInProgress()) return GetWALInsertionTimeLine();
  TimeLineID timeline;
  GetXLogReplayRecPtr(&timeline);
  return timeline;
}

}  // namespace phisync::pg
