#pragma once
// Reading and changing tables from inside the server: scans, snapshots, expressions, triggers, SPI.

#include "pg/catalog.h"
#include "pg/compat.h"
#include "pg/spi.h"

extern "C" {
#include <access/skey.h>
#include <access/tableam.h>
#include <access/xlog.h>
#include <catalog/index.h>
#include <catalog/indexing.h>
#include <catalog/pg_am.h>
#include <catalog/pg_index.h>
#include <catalog/pg_trigger.h>
#include <commands/trigger.h>
#include <common/hashfn.h>
#include <executor/executor.h>
#include <nodes/makefuncs.h>
#include <replication/message.h>
#include <storage/bufmgr.h>
#include <utils/date.h>
#include <utils/json.h>
#include <utils/jsonb.h>
#include <utils/numeric.h>
#include <utils/pg_lsn.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
#include <utils/typcache.h>
}

namespace phisync::pg {

// A transactional logical message in the WAL; returns its position.
inline XLogRecPtr EmitMessage(const char* prefix, const char* content, size_t size) {
#if PG_VERSION_NUM < 170000
  return LogLogicalMessage(prefix, content, size, true);
#else
  return LogLogicalMessage(prefix, content, size, true, false);
#endif
}

// A scan of the table through one of its indexes.
inline IndexScanDesc BeginIndexScan(Relation table, Relation index, Snapshot snapshot, int nkeys) {
#if PG_VERSION_NUM < 180000
  return index_beginscan(table, index, snapshot, nkeys, 0);
#else
  return index_beginscan(table, index, snapshot, nullptr, nkeys, 0);
#endif
}

}  // namespace phisync::pg
