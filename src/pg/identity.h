#pragma once
// The replica identity: which columns old rows carry.

#include "pg/backend.h"

extern "C" {
#include <access/sysattr.h>
#include <utils/relcache.h>
#include <utils/snapmgr.h>
}

namespace phisync::pg {

// Its columns by attribute number; null where old rows carry none, and where they carry all. For
// decoding and for sessions: the server has a function for each, and the other's is wrong.
inline Bitmapset* IdentityColumns(Relation relation) {
  Bitmapset* const offset =
      HistoricSnapshotActive()
          ? RelationGetIdentityKeyBitmap(relation)
          : RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_IDENTITY_KEY);
  Bitmapset* columns = nullptr;
  for (int i = -1; (i = bms_next_member(offset, i)) >= 0;) {
    columns = bms_add_member(columns, i + FirstLowInvalidHeapAttributeNumber);
  }
  return columns;
}

}  // namespace phisync::pg
