// Entry of the library: what the server finds by name when it loads phisync.

#include "audit/audit.h"
#include "masks/masks.h"
#include "pg/text.h"
#include "reads/reads.h"
#include "retention/retention.h"
#include "sync/plugin.h"
#include "sync/sync.h"
#include "tags/tags.h"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks* callbacks);
}

void _PG_init(void) {
  phisync::pg::Entry([] {
    phisync::tags::Init();
    phisync::masks::Init();
    phisync::sync::Init();
    phisync::audit::Init();
    phisync::reads::Init();
    phisync::retention::Init();
    MarkGUCPrefixReserved("phisync");
  });
}

void _PG_output_plugin_init(OutputPluginCallbacks* callbacks) {
  phisync::sync::InitOutputPlugin(callbacks);
}

PHISYNC_FUNCTION(phisync_version) {
  return phisync::pg::TextDatum(PHISYNC_VERSION);
}
