#pragma once
// Decoding a slot from inside a function.

#include "pg/decoding.h"

extern "C" {
#include <access/xlogreader.h>
#include <access/xlogutils.h>
#include <replication/decode.h>
#include <utils/pg_lsn.h>
}

namespace phisync::pg {

// Fails if another process has the slot.
inline void AcquireSlot(const char* name) {
#if PG_VERSION_NUM < 180000
  ReplicationSlotAcquire(name, true);
#else
  ReplicationSlotAcquire(name, true, true);
#endif
}

}  // namespace phisync::pg
