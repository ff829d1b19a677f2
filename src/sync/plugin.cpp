#include "sync/plugin.h"

#include <memory>
#include <string>
#include <utility>

#include "audit/stream.h"
#include "core/record.h"
#include "pg/boundary.h"
#include "sync/consumer_lock.h"
#include "sync/probe.h"
#include "sync/stream.h"

namespace phisync::sync {
namespace {

// What one decoding context owns; deleted when the context is, also after an error.
struct Session {
  MemoryContext memory = nullptr;  // apart from the context's, whose children are gone by then
  std::string consumer;
  std::string slot;
  std::string role;
  std::unique_ptr<ConsumerLock> lock;
  std::unique_ptr<audit::StreamRecord> record;
  std::unique_ptr<Stream> stream;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();
};

// For the end of a process, which unwinds nothing.
Session* active_session = nullptr;

void LogStop() {
  if (active_session == nullptr) return;
  const Session& session = *std::exchange(active_session, nullptr);
  session.record->End();
  ereport(LOG, (errmsg("phisync stream ended: consumer \"%s\", slot \"%s\", role \"%s\"",
                       session.consumer.c_str(), session.slot.c_str(), session.role.c_str())));
}

Session::~Session() {
  if (active_session == this) LogStop();
  stream.reset();
  if (memory != nullptr) MemoryContextDelete(memory);
}

void OnProcessExit(int, Datum) {
  LogStop();
}

void OnContextReset(void* arg) {
  delete static_cast<Session*>(arg);
}

// What the catalogs know about this connection, in memory that outlives the transaction.
struct Facts {
  const char* database;
  const char* role;
  TimeLineID timeline;
};

Facts ReadFacts() {
  Facts facts{};
  MemoryContext const memory = CurrentMemoryContext;
  const bool own_transaction = !IsTransactionState();
  if (own_transaction) StartTransactionCommand();
  facts.database = MemoryContextStrdup(memory, get_database_name(MyDatabaseId));
  facts.role = MemoryContextStrdup(memory, GetUserNameFromId(GetAuthenticatedUserId(), false));
  facts.timeline = pg::CurrentTimeline();
  if (own_transaction) CommitTransactionCommand();
  MemoryContextSwitchTo(memory);
  return facts;
}

std::string MakeHello(const Facts& facts, std::string_view slot, const StreamOptions& options) {
  ByteBuffer options_json;
  AppendOptions(options_json, options);
  ByteBuffer hello;
  AppendHello(hello, {.system = GetSystemIdentifier(),
                      .timeline = facts.timeline,
                      .database = facts.database,
                      .slot = slot,
                      .options_json = options_json.view()});
  return std::string(hello.view());
}

// True if transactions in progress are to be streamed.
bool Start(LogicalDecodingContext* ctx, const StreamOptions& options) {
  // Before the registration is read, so that one that is being changed is read as it becomes.
  auto lock = std::make_unique<ConsumerLock>(options.consumer);
  ConsumerGrant grant = CheckConsumer(options.consumer);
  const Facts facts = pg::Call(ReadFacts);

  auto* const callback = pg::Call([&] {
    return static_cast<MemoryContextCallback*>(
        MemoryContextAllocZero(ctx->context, sizeof(MemoryContextCallback)));
  });
  auto session = std::make_unique<Session>();
  session->memory = pg::Call([] {
    return AllocSetContextCreate(TopMemoryContext, "phisync stream", ALLOCSET_DEFAULT_SIZES);
  });
  session->consumer = options.consumer;
  session->slot = NameStr(ctx->slot->data.name);
  session->role = facts.role;
  session->lock = std::move(lock);
  session->record = std::make_unique<audit::StreamRecord>(session->consumer, session->slot);
  session->stream = std::make_unique<Stream>(
      ctx, options, std::move(grant), MakeHello(facts, session->slot, options), session->memory);

  static bool registered = false;
  if (!registered) {
    pg::Call([] { before_shmem_exit(OnProcessExit, 0); });
    registered = true;
  }
  active_session = session.get();
  ctx->output_plugin_private = session->stream.get();
  callback->func = OnContextReset;
  callback->arg = session.release();
  MemoryContextRegisterResetCallback(ctx->context, callback);
  pg::Call([] {
    ereport(LOG, (errmsg("phisync stream started: consumer \"%s\", slot \"%s\", role \"%s\"",
                         active_session->consumer.c_str(), active_session->slot.c_str(),
                         active_session->role.c_str())));
  });
  return options.streaming;
}

// As Start; a client that is refused is on record, too.
bool StartOrRefuse(LogicalDecodingContext* ctx) {
  StreamOptions options;
  try {
    options = ParseOptions(ctx->output_plugin_options);
    return Start(ctx, options);
  } catch (const Error& e) {
    audit::RecordRefusal(options.consumer, NameStr(ctx->slot->data.name), e.sqlstate());
    throw;
  }
}

Stream& StreamOf(LogicalDecodingContext* ctx) {
  return *static_cast<Stream*>(ctx->output_plugin_private);
}

// Runs a callback of the stream; an error that ends it is on record.
template <typename Fn>
void Run(LogicalDecodingContext* ctx, Fn fn) {
  if (active_probe != nullptr) return;
  pg::Entry([&] {
    try {
      fn(StreamOf(ctx));
    } catch (const Error& e) {
      if (active_session != nullptr) active_session->record->Fail(e.sqlstate());
      throw;
    } catch (const pg::BackendError&) {
      // The abort of a transaction in progress, met while it is streamed, ends no stream.
      const int code = geterrcode();
      if (active_session != nullptr && code != ERRCODE_TRANSACTION_ROLLBACK) {
        active_session->record->Fail(unpack_sql_state(code));
      }
      throw;
    }
  });
}

// Records are JSON, which is UTF-8; texts go into them as they are stored.
void RequireUtf8() {
  if (GetDatabaseEncoding() == PG_UTF8) return;
  throw Error(
      sqlstate::kFeatureNotSupported,
      std::string("phisync cannot decode a database in encoding ") + GetDatabaseEncodingName(),
      "Records are JSON, which is always UTF-8, and texts are sent as they are stored.",
      "Dump the database, and restore it into one made with ENCODING 'UTF8'.");
}

void OnStartup(LogicalDecodingContext* ctx, OutputPluginOptions* options, bool is_init) {
  options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
  options->receive_rewrites = false;
  // When a slot is made there are neither options nor changes.
  pg::Entry([&] {
    RequireUtf8();
    if (active_probe != nullptr) {
      ctx->streaming = false;
      return;
    }
    const bool streaming = !is_init && StartOrRefuse(ctx);
    ctx->streaming = ctx->streaming && streaming;
  });
}

void OnBegin(LogicalDecodingContext* ctx, ReorderBufferTXN* txn) {
  if (active_probe != nullptr) ProbeBegin();
  Run(ctx, [&](Stream& stream) { stream.Begin(txn); });
}

void OnChange(LogicalDecodingContext* ctx, ReorderBufferTXN* txn, Relation relation,
              ReorderBufferChange* change) {
  if (active_probe != nullptr) pg::Entry([&] { ProbeChange(relation, change->lsn); });
  Run(ctx, [&](Stream& stream) { stream.Change(txn, relation, change); });
}

void OnTruncate(LogicalDecodingContext* ctx, ReorderBufferTXN* txn, int n, Relation relations[],
                ReorderBufferChange* change) {
  if (active_probe != nullptr) {
    pg::Entry([&] {
      for (int i = 0; i < n; i++) ProbeChange(relations[i], change->lsn);
    });
  }
  Run(ctx, [&](Stream& stream) { stream.Truncate(txn, n, relations, change); });
}

void OnMessage(LogicalDecodingContext* ctx, ReorderBufferTXN* txn, XLogRecPtr lsn,
               bool transactional, const char* prefix, Size size, const char* content) {
  if (active_probe != nullptr && transactional) pg::Entry([&] { ProbeChange(nullptr, lsn); });
  Run(ctx, [&](Stream& stream) {
    if (transactional) {
      stream.Message(txn, lsn, prefix, {content, size});
    } else {
      stream.LoneMessage(lsn, prefix, {content, size});
    }
  });
}

void OnCommit(LogicalDecodingContext* ctx, ReorderBufferTXN* txn, XLogRecPtr) {
  if (active_probe != nullptr) pg::Entry([&] { ProbeCommit(txn); });
  Run(ctx, [&](Stream& stream) { stream.Commit(txn); });
}

void OnStreamStart(LogicalDecodingContext* ctx, ReorderBufferTXN* txn) {
  Run(ctx, [&](Stream& stream) { stream.StartPart(txn); });
}

void OnStreamStop(LogicalDecodingContext* ctx, ReorderBufferTXN* txn) {
  Run(ctx, [&](Stream& stream) { stream.StopPart(txn); });
}

void OnStreamAbort(LogicalDecodingContext* ctx, ReorderBufferTXN* txn, XLogRecPtr) {
  Run(ctx, [&](Stream& stream) { stream.Abort(txn); });
}

void OnStreamCommit(LogicalDecodingContext* ctx, ReorderBufferTXN* txn, XLogRecPtr) {
  Run(ctx, [&](Stream& stream) { stream.CommitParts(txn); });
}

}  // namespace

void InitOutputPlugin(OutputPluginCallbacks* callbacks) {
  callbacks->startup_cb = OnStartup;
  callbacks->begin_cb = OnBegin;
  callbacks->change_cb = OnChange;
  callbacks->truncate_cb = OnTruncate;
  callbacks->message_cb = OnMessage;
  callbacks->commit_cb = OnCommit;
  callbacks->stream_start_cb = OnStreamStart;
  callbacks->stream_stop_cb = OnStreamStop;
  callbacks->stream_abort_cb = OnStreamAbort;
  callbacks->stream_commit_cb = OnStreamCommit;
  callbacks->stream_change_cb = OnChange;
  callbacks->stream_message_cb = OnMessage;
  callbacks->stream_truncate_cb = OnTruncate;
}

}  // namespace phisync::sync
