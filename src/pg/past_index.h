#pragma once
// Indexes of user catalog tables while changes are decoded.

#include "pg/catalog.h"

extern "C" {
#include <access/genam.h>
#include <storage/bufmgr.h>
#include <storage/smgr.h>
#include <utils/snapmgr.h>
}

namespace phisync::pg {

// Whether the index can be used: the argument indexOK of systable_beginscan. A past snapshot shows
// it under the file that it had then, which is gone once the index was built anew (REINDEX, VACUUM
// FULL); of tables and of system catalogs alone the server finds the present file. Without indexOK
// the table itself is read, which is always right.
inline bool IndexIsReadable(Oid index) {
  if (!HistoricSnapshotActive()) return true;
  Relation const relation = index_open(index, AccessShareLock);
  const bool readable = smgrexists(RelationGetSmgr(relation), MAIN_FORKNUM) &&
                        RelationGetNumberOfBlocks(relation) > 0;
  index_close(relation, AccessShareLock);
  return readable;
}

}  // namespace phisync::pg
