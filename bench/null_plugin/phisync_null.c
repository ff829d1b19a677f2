// An output plugin that writes nothing: what reading and reassembling the log costs by itself.
#include "postgres.h"

#include "fmgr.h"
#include "replication/logical.h"
#include "replication/output_plugin.h"

PG_MODULE_MAGIC;

static void Startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_init) {
  options->output_type = OUTPUT_PLUGIN_BINARY_OUTPUT;
  options->receive_rewrites = false;
}
static void Begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {}
static void Change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation relation,
                   ReorderBufferChange *change) {}
static void Truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int n,
                     Relation relations[], ReorderBufferChange *change) {}
static void Commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr lsn) {
  OutputPluginUpdateProgress(ctx, true);
}

extern PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);
void _PG_output_plugin_init(OutputPluginCallbacks *callbacks) {
  callbacks->startup_cb = Startup;
  callbacks->begin_cb = Begin;
  callbacks->change_cb = Change;
  callbacks->truncate_cb = Truncate;
  callbacks->commit_cb = Commit;
}
