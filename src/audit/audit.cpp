#include "audit/audit.h"

#include "audit/queue.h"
#include "audit/settings.h"
#include "audit/statements.h"
#include "audit/tag_cache.h"
#include "audit/writer.h"
#include "core/error.h"
#include "pg/boundary.h"
#include "pg/worker.h"

namespace phisync::audit {

void Init() {
  DefineSettings();
  InitTagCache();
  // While pg_upgrade rebuilds the catalogs nothing is recorded and no worker may connect.
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  InitQueue();
  InitLauncher();
  InitStatements();
}

}  // namespace phisync::audit

PHISYNC_FUNCTION(phisync_audit_flush) {
  using namespace phisync;
  if (!audit::QueueReady()) {
    throw Error(sqlstate::kObjectNotInPrerequisiteState, "phisync is not preloaded",
                "Without it no events are on their way to the trail.",
                "Set shared_preload_libraries = 'phisync' and restart the server.");
  }
  if (RecoveryInProgress()) {
    throw Error(sqlstate::kObjectNotInPrerequisiteState, "a standby does not write the audit trail",
                {}, "Call it on the primary.");
  }
  audit::Flush();
  PG_RETURN_VOID();
}
