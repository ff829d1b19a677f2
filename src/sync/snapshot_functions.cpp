// phisync.snapshot, phisync.bucket_checksum and phisync.transaction_is_visible.

#include <memory>
#include <string>
#include <utility>

#include "audit/stream.h"
#include "core/checksum.h"
#include "pg/executor.h"
#include "pg/text.h"
#include "sync/consumer.h"
#include "sync/consumer_lock.h"
#include "sync/options.h"
#include "sync/snapshot.h"

namespace phisync::sync {
namespace {

std::string TextArgument(Datum value) {
  text* const detoasted = pg::Call([&] { return DatumGetTextPP(value); });
  return std::string(pg::View(detoasted));
}

[[noreturn]] void RefuseNull(const std::string& what, const std::string& hint) {
  throw Error("22004", what + " cannot be null", "", hint);
}

struct Elements {
  Datum* values;
  bool* nulls;
  int n;
};

std::vector<std::string> TextArray(Datum array, const std::string& what) {
  const Elements elements = pg::Call([&] {
    Elements e;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &e.values,
                      &e.nulls, &e.n);
    return e;
  });
  std::vector<std::string> texts;
  for (int i = 0; i < elements.n; i++) {
    if (elements.nulls[i]) RefuseNull(what, "Leave the element out.");
    texts.push_back(TextArgument(elements.values[i]));
  }
  return texts;
}

// Names and values in turn, as pg_logical_slot_get_changes takes them; with the consumer they are
// the options of a stream.
StreamOptions ReadOptions(const std::string& consumer, Datum array) {
  std::vector<std::string> texts = TextArray(array, "a stream option");
  if (texts.size() % 2 != 0) {
    throw Error(sqlstate::kInvalidParameterValue, "a stream option has no value",
                "Options are names and values in turn.", "'batch_bytes', '1MB'");
  }
  texts.insert(texts.begin(), {"consumer", consumer});
  List* const options = pg::Call([&] {
    List* list = NIL;
    for (std::size_t i = 0; i < texts.size(); i += 2) {
      list = lappend(
          list,
          makeDefElem(pstrdup(texts[i].c_str()),
                      reinterpret_cast<Node*>(makeString(pstrdup(texts[i + 1].c_str()))), -1));
    }
    return list;
  });
  return ParseOptions(options);
}

// Memory apart from the function's own, whose children the server deletes before it calls back.
MemoryContext NewMemory() {
  return pg::Call([] {
    return AllocSetContextCreate(TopMemoryContext, "phisync snapshot", ALLOCSET_DEFAULT_SIZES);
  });
}

// In the trail, a snapshot is a stream from no slot.
constexpr std::string_view kNoSlot;

// What one call of phisync.snapshot owns; deleted with the memory of the call, also after an error.
struct SnapshotSession {
  MemoryContext memory = NewMemory();
  std::string consumer;
  std::string role;
  std::unique_ptr<audit::StreamRecord> record;
  std::unique_ptr<SnapshotMessages> messages;
  bool complete = false;

  SnapshotSession() = default;
  SnapshotSession(const SnapshotSession&) = delete;
  SnapshotSession& operator=(const SnapshotSession&) = delete;
  ~SnapshotSession();
};

SnapshotSession::~SnapshotSession() {
  if (messages != nullptr) {
    ereport(LOG, (errmsg("phisync snapshot %s: consumer \"%s\", role \"%s\", %llu records",
                         complete ? "ended" : "broken off", consumer.c_str(), role.c_str(),
                         static_cast<unsigned long long>(messages->count()))));
  }
  messages.reset();
  MemoryContextDelete(memory);
}

void OnMemoryReset(void* arg) {
  delete static_cast<SnapshotSession*>(arg);
}

// The query ends, or starts over, before the function has; not called after an error.
void OnQueryEnd(Datum arg) {
  auto* const session = reinterpret_cast<SnapshotSession*>(DatumGetPointer(arg));
  pg::Entry([&] { session->messages->Close(); });
}

SnapshotSession* Start(FunctionCallInfo fcinfo, const std::string& consumer,
                       MemoryContext call_memory) {
  if (PG_ARGISNULL(2)) RefuseNull("argument \"options\"", "Leave it out.");
  const StreamOptions options = ReadOptions(consumer, PG_GETARG_DATUM(2));
  // Before the registration is read, so that one that is being changed is read as it becomes.
  LockConsumerForTransaction(options.consumer);
  const ConsumerGrant grant = CheckConsumer(options.consumer);
  std::optional<std::vector<std::string>> wanted;
  if (!PG_ARGISNULL(1)) wanted = TextArray(PG_GETARG_DATUM(1), "an element of \"buckets\"");
  BucketScope scope = MakeScope(wanted, grant.Restriction());

  auto session = std::make_unique<SnapshotSession>();
  session->consumer = options.consumer;
  session->role = pg::Call([] { return GetUserNameFromId(GetAuthenticatedUserId(), false); });
  session->record = std::make_unique<audit::StreamRecord>(session->consumer, kNoSlot);
  session->messages =
      std::make_unique<SnapshotMessages>(std::move(scope), options, session->memory);
  auto* const callback = pg::Call([&] {
    ereport(LOG, (errmsg("phisync snapshot started: consumer \"%s\", role \"%s\"",
                         session->consumer.c_str(), session->role.c_str())));
    return static_cast<MemoryContextCallback*>(
        MemoryContextAllocZero(call_memory, sizeof(MemoryContextCallback)));
  });
  callback->func = OnMemoryReset;
  callback->arg = session.get();
  MemoryContextRegisterResetCallback(call_memory, callback);
  return session.release();
}

// As Start; a caller who is refused is on record, too.
SnapshotSession* StartSnapshot(FunctionCallInfo fcinfo, MemoryContext call_memory) {
  if (PG_ARGISNULL(0)) {
    RefuseNull("argument \"consumer\"", "SELECT name FROM phisync.consumers; lists them.");
  }
  const std::string consumer = TextArgument(PG_GETARG_DATUM(0));
  try {
    return Start(fcinfo, consumer, call_memory);
  } catch (const Error& e) {
    audit::RecordRefusal(consumer, kNoSlot, e.sqlstate());
    throw;
  }
}

Datum NextMessage(SnapshotSession* session, bool* done) {
  const std::optional<std::string> message = session->messages->Next();
  *done = !message;
  return message ? pg::TextDatum(*message) : Datum{0};
}

struct Totals {
  std::int64_t count = 0;
  std::uint32_t checksum = 0;  // modulo 2^32
  std::int64_t errors = 0;
};

Totals SumBucket(BucketScope scope, const StreamOptions& options, MemoryContext memory) {
  Totals totals;
  BucketRows rows(std::move(scope), options, memory);
  while (rows.Next()) {
    const RowChanges& changes = rows.changes();
    totals.errors += static_cast<std::int64_t>(changes.errors.size());
    for (const Put& put : changes.puts) {
      if (changes.Text(put.data).size() > kMaxDataBytes) {
        totals.errors++;
        continue;
      }
      totals.count++;
      totals.checksum += OperationSum(changes.Text(put.operation));
    }
  }
  rows.Close();
  return totals;
}

}  // namespace
}  // namespace phisync::sync

// (consumer text, buckets text[], VARIADIC options text[]): set of text
PHISYNC_FUNCTION(phisync_snapshot) {
  using namespace phisync;
  using sync::SnapshotSession;
  if (SRF_IS_FIRSTCALL()) {
    FuncCallContext* const first = SRF_FIRSTCALL_INIT();
    SnapshotSession* const session = sync::StartSnapshot(fcinfo, first->multi_call_memory_ctx);
    first->user_fctx = session;
    auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    // Called before the one that frees the session.
    RegisterExprContextCallback(result->econtext, sync::OnQueryEnd, PointerGetDatum(session));
  }
  FuncCallContext* const call = SRF_PERCALL_SETUP();
  auto* const session = static_cast<SnapshotSession*>(call->user_fctx);
  bool done = false;
  Datum const message = sync::NextMessage(session, &done);
  if (!done) SRF_RETURN_NEXT(call, message);
  session->messages->Close();
  session->complete = true;
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  UnregisterExprContextCallback(result->econtext, sync::OnQueryEnd, PointerGetDatum(session));
  SRF_RETURN_DONE(call);
}

// (bucket text, VARIADIC options text[]), strict: (count bigint, checksum bigint, errors bigint)
PHISYNC_FUNCTION(phisync_bucket_checksum) {
  using namespace phisync;
  TupleDesc desc;
  if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "phisync.bucket_checksum does not return a row");
  }
  // Nobody's in particular.
  const sync::StreamOptions options = sync::ReadOptions("none", PG_GETARG_DATUM(1));
  const std::optional<std::vector<std::string>> wanted{{sync::TextArgument(PG_GETARG_DATUM(0))}};
  struct Memory {
    MemoryContext context = sync::NewMemory();
    ~Memory() { MemoryContextDelete(context); }
  } const memory;
  const sync::Totals totals =
      sync::SumBucket(sync::MakeScope(wanted, nullptr), options, memory.context);
  return pg::Call([&] {
    const Datum values[] = {Int64GetDatum(totals.count), Int64GetDatum(totals.checksum),
                            Int64GetDatum(totals.errors)};
    const bool nulls[] = {false, false, false};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), const_cast<Datum*>(values),
                                             const_cast<bool*>(nulls)));
  });
}

// (xid bigint), strict: boolean
PHISYNC_FUNCTION(phisync_transaction_is_visible) {
  using namespace phisync;
  const int64 xid = PG_GETARG_INT64(0);
  if (xid < FirstNormalTransactionId || xid > MaxTransactionId) {
    throw Error(sqlstate::kInvalidParameterValue, "invalid transaction id",
                "The xid of a begin record is a number from 3 to 4294967295.",
                "A snapshot has no transaction of its own; its begin record has the xid 0.");
  }
  PG_RETURN_BOOL(!XidInMVCCSnapshot(static_cast<TransactionId>(xid), GetActiveSnapshot()));
}
