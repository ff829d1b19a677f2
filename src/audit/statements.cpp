// Executor and utility hooks: every statement that touches tagged columns leaves an event.

#include "audit/statements.h"

#include "audit/queue.h"
#include "audit/record.h"
#include "audit/touched.h"
#include "audit/trail.h"
#include "audit/utility.h"
#include "audit/who.h"
#include "audit/writer.h"
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/executor.h"
#include "pg/session.h"
#include "pg/worker.h"

namespace phisync::audit {
namespace {

ExecutorStart_hook_type previous_start = nullptr;
ExecutorRun_hook_type previous_run = nullptr;
ExecutorFinish_hook_type previous_finish = nullptr;
ExecutorEnd_hook_type previous_end = nullptr;
ProcessUtility_hook_type previous_utility = nullptr;

int depth = 0;           // executor runs and utility commands that we are inside of
int function_depth = 0;  // of those, the ones that can call functions of users
const char* top_command = "";
PlannedStmt* starting = nullptr;  // good while its permissions are checked, stale afterwards
CommandCheck command_check = nullptr;

// One step deeper while it lives.
class Deeper {
 public:
  explicit Deeper(bool functions) : functions_(functions) {
    ++depth;
    if (functions_) ++function_depth;
  }
  ~Deeper() {
    --depth;
    if (functions_) --function_depth;
  }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  bool functions_;
};

// Keeps the writer of a database away while it lives; of none if InvalidOid.
class WithoutWriter {
 public:
  explicit WithoutWriter(Oid database) : database_(database) {
    if (database_ != InvalidOid) pg::Call([&] { AskWriterToLeave(database_); });
  }
  ~WithoutWriter() {
    if (database_ != InvalidOid) LetWriterReturn(database_);
  }
  WithoutWriter(const WithoutWriter&) = delete;
  WithoutWriter& operator=(const WithoutWriter&) = delete;

 private:
  Oid database_;
};

// Whether statements of this process are recorded now. The server's own foreign key checks, and our
// own writing of the trail, run as InNoForceRLSOperation; a parallel worker's leader records for
// it; a standby cannot write.
bool Recording() {
  return QueueReady() && !IsWriter() && !IsParallelWorker() && OidIsValid(MyDatabaseId) &&
         !InNoForceRLSOperation() && !RecoveryInProgress();
}

const char* CommandOf(PlannedStmt* statement) {
  return GetCommandTagName(CreateCommandTag(reinterpret_cast<Node*>(statement)));
}

bool HasTrail() {
  return pg::Call([] { return OidIsValid(TrailTable()); });
}

// Fills in what all statements have in common.
void Describe(Event& event, PlannedStmt* statement, const char* command) {
  event.command = command;
  event.top_command = depth == 0 ? command : top_command;
  event.nested = function_depth > 0;
  event.query_id = static_cast<std::int64_t>(statement->queryId);
  if (event.nested) event.started_at = GetCurrentTimestamp();
}

void RecordQuery(QueryDesc* query) {
  Event found;
  if (!FindTouched(query->plannedstmt, found) || !HasTrail()) return;
  Event event = NewEvent(found.source);
  event.relations = std::move(found.relations);
  Describe(event, query->plannedstmt, CommandOf(query->plannedstmt));
  StartRecord(event, query->estate->es_query_cxt, query->estate, query->operation == CMD_SELECT);
}

void OnExecutorStart(QueryDesc* query, int flags) {
  starting = query->plannedstmt;
  if (previous_start != nullptr) {
    previous_start(query, flags);
  } else {
    standard_ExecutorStart(query, flags);
  }
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0 || !Recording()) return;
  pg::Entry([&] { RecordQuery(query); });
}

// After a run that no function asked for: what was delivered is recorded before the client hears
// that it was, although the executor may stay open.
void ReportRun(Record* record, std::uint64_t count, std::uint64_t delivered) {
  if (!record->select || function_depth > 0) return;
  if (count == 0 || delivered < count) {
    Complete(record, record->rows);
  } else {
    pg::Call([&] { ReportOpen(record); });
  }
}

void Run(QueryDesc* query, ScanDirection direction, std::uint64_t count,
         [[maybe_unused]] bool once) {
  Record* record = FindRecord(query->estate);
  if (depth == 0) top_command = CommandOf(query->plannedstmt);
  if (record != nullptr) record->ran = record->running = true;
  {
    const Deeper deeper(true);
    pg::Call([&] {
#if PG_VERSION_NUM >= 180000
      if (previous_run != nullptr) {
        previous_run(query, direction, count);
      } else {
        standard_ExecutorRun(query, direction, count);
      }
#else
      if (previous_run != nullptr) {
        previous_run(query, direction, count, once);
      } else {
        standard_ExecutorRun(query, direction, count, once);
      }
#endif
    });
  }
  if (record != nullptr) {
    record->running = false;
    record->rows += static_cast<std::int64_t>(query->estate->es_processed);
    ReportRun(record, count, query->estate->es_processed);
  }
  if (depth == 0) pg::Call([] { AwaitDurable(); });
}

#if PG_VERSION_NUM >= 180000
void OnExecutorRun(QueryDesc* query, ScanDirection direction, uint64 count) {
  pg::Entry([&] { Run(query, direction, count, false); });
}
#else
void OnExecutorRun(QueryDesc* query, ScanDirection direction, uint64 count, bool once) {
  pg::Entry([&] { Run(query, direction, count, once); });
}
#endif

// AFTER triggers run here.
void OnExecutorFinish(QueryDesc* query) {
  pg::Entry([&] {
    Record* record = FindRecord(query->estate);
    if (record != nullptr) record->running = true;
    {
      const Deeper deeper(true);
      pg::Call([&] {
        if (previous_finish != nullptr) {
          previous_finish(query);
        } else {
          standard_ExecutorFinish(query);
        }
      });
    }
    if (record != nullptr) record->running = false;
  });
}

void OnExecutorEnd(QueryDesc* query) {
  if (Record* record = FindRecord(query->estate); record != nullptr && record->ran) {
    // Its rows of the run that failed, if one did, are not counted: then this is not reached.
    Complete(record, record->rows);
  }
  if (previous_end != nullptr) {
    previous_end(query);
  } else {
    standard_ExecutorEnd(query);
  }
  if (depth == 0) AwaitDurable();
}

// Makes the record of a utility command that moves rows of tagged tables past the executor.
Record* RecordUtility(PlannedStmt* statement) {
  Event found;
  const char* command = FindTouchedByUtility(statement->utilityStmt, found);
  if (command == nullptr || !HasTrail()) return nullptr;
  Event event = NewEvent(found.source);
  event.relations = std::move(found.relations);
  event.precision = Precision::kBulk;
  Describe(event, statement, command);
  MemoryContext memory = pg::Call([] {
    return AllocSetContextCreate(CurrentMemoryContext, "phisync audit", ALLOCSET_SMALL_SIZES);
  });
  Record* record = StartRecord(event, memory, nullptr, false);
  if (record != nullptr) record->ran = record->running = true;
  return record;
}

void OnProcessUtility(PlannedStmt* statement, const char* text, bool read_only,
                      ProcessUtilityContext context, ParamListInfo parameters,
                      QueryEnvironment* environment, DestReceiver* receiver,
                      QueryCompletion* done) {
  pg::Entry([&] {
    Node* command = statement->utilityStmt;
    starting = statement;
    if (depth == 0) top_command = GetCommandTagName(CreateCommandTag(command));
    if (command_check != nullptr) command_check(command);
    const WithoutWriter without_writer(
        QueueReady() ? pg::Call([&] { return DatabaseNeededBy(command); }) : InvalidOid);
    Record* record = Recording() ? RecordUtility(statement) : nullptr;
    QueryCompletion own;
    if (done == nullptr && record != nullptr) {
      InitializeQueryCompletion(&own);
      done = &own;
    }
    {
      const Deeper deeper(IsA(command, CallStmt) || IsA(command, DoStmt));
      pg::Call([&] {
        (previous_utility != nullptr ? previous_utility : standard_ProcessUtility)(
            statement, text, read_only, context, parameters, environment, receiver, done);
      });
    }
    if (record != nullptr) {
      Complete(record, IsA(command, CopyStmt) ? static_cast<std::int64_t>(done->nprocessed) : -1);
    }
    if (depth == 0) pg::Call([] { AwaitDurable(); });
  });
}

}  // namespace

void InitStatements() {
  previous_start = ExecutorStart_hook;
  ExecutorStart_hook = OnExecutorStart;
  previous_run = ExecutorRun_hook;
  ExecutorRun_hook = OnExecutorRun;
  previous_finish = ExecutorFinish_hook;
  ExecutorFinish_hook = OnExecutorFinish;
  previous_end = ExecutorEnd_hook;
  ExecutorEnd_hook = OnExecutorEnd;
  previous_utility = ProcessUtility_hook;
  ProcessUtility_hook = OnProcessUtility;
}

void AddCommandCheck(CommandCheck check) {
  command_check = check;
}

void RecordVerdict(Outcome outcome, std::vector<TouchedRelation> relations) {
  if (!QueueReady() || IsWriter() || RecoveryInProgress() || !HasTrail()) return;
  Event event = NewEvent(EventSource::kRead);
  event.relations = std::move(relations);
  Describe(event, starting, CommandOf(starting));
  std::string bytes = EncodeWithin(event, MaxEventBytes());
  if (!pg::Call([&] { return Reserve(bytes.size()); })) return;
  SetCompletion(bytes.data(), outcome, GetCurrentTimestamp(), -1);
  Push(bytes.data(), bytes.size());
}

}  // namespace phisync::audit
