#pragma once
// The trail's table: the one place that writes it.

#include <vector>

#include "core/audit_event.h"
#include "pg/backend.h"

namespace phisync::audit {

// The trail's table in this database; InvalidOid where the extension is not.
Oid TrailTable();

// The same, locked for writing until the end of the transaction, so that it stays. May raise.
Oid LockTrail();

// Inserts events in the current transaction, with the rights of the trail's owner, and makes the
// partitions they need; changes of tags make none: they wait in phisync.audit_pending. Throws.
void WriteTrail(const std::vector<Event>& events);

// The key of hashes of tagged primary keys. Throws 55000 before the first phisync.audit_table().
std::string KeySecret();

}  // namespace phisync::audit
