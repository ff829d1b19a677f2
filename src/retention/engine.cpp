// Disposal: one batch of a run. The walk over the table is run_retention's loop
// (extension/42_runs.sql).

#include "retention/engine.h"

#include <algorithm>

#include "pg/subtransaction.h"
#include "pg/text.h"
#include "retention/ledger.h"

namespace phisync::retention {
namespace {

using pg::Call;

// Blocks that one transaction looks at, at most: about 50 ms where nothing is due.
constexpr int64 kBlocksPerBatch = 1024;

struct Statement {
  Oid relation;
  const std::string* policy;
  int depth;
};
const Statement* running = nullptr;

int TriggerDepth() {
  return DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, Datum{0}));
}

// Errors of one row's deletion. What is wrong with the session, the server or its resources ends
// the batch.
bool IsAboutRow(int sqlerrcode) {
  switch (ERRCODE_TO_CATEGORY(sqlerrcode)) {
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_OPERATOR_INTERVENTION:
    case ERRCODE_SYSTEM_ERROR:
    case ERRCODE_INTERNAL_ERROR:
      return false;
    default:
      return true;
  }
}

struct Deletion {
  SPIPlanPtr plan;
  Oid owner;
  ItemPointerData* rows;
  int n;
  int64 deleted;
};

// As the table's owner: its triggers are the owner's code and must not get the caller's rights, or
// ours.
void Delete(void* arg) {
  auto* const deletion = static_cast<Deletion*>(arg);
  Oid user = InvalidOid;
  int context = 0;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(deletion->owner,
                         context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  const int settings = NewGUCNestLevel();
  // Rows that row security would hide from the owner raise an error instead of being passed over.
  set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                    false);
  auto* const tids = static_cast<Datum*>(palloc(sizeof(Datum) * deletion->n));
  for (int i = 0; i < deletion->n; ++i) tids[i] = PointerGetDatum(&deletion->rows[i]);
  Datum array = PointerGetDatum(
      construct_array(tids, deletion->n, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT));
  const int result = SPI_execute_plan(deletion->plan, &array, nullptr, false, 0);
  // A rule that rewrites the DELETE is the owner's way to say no.
  deletion->deleted = result == SPI_OK_DELETE ? static_cast<int64>(SPI_processed) : 0;
  AtEOXact_GUC(false, settings);
  SetUserIdAndSecContext(user, context);
}

class Batch {
 public:
  Batch(int64 run, int rows) : rows_(rows) {
    run_ = Call([run] { return LockRun(run); });
    if (!run_.finished) policy_ = run_.policy;
  }

  // True when the run is done.
  bool Do() {
    if (run_.finished) return true;
    const TimestampTz started_at = GetCurrentTimestamp();
    Open();
    LockHolds();
    const bool finished = Walk();
    XLogRecPtr mark = InvalidXLogRecPtr;
    if (run_.dry_run) {
      counts_.disposed = static_cast<int64>(due_.size());
    } else if (!due_.empty()) {
      mark = Mark();
      DeleteAll();
    }
    std::vector<const char*> sqlstates;
    for (const std::string& sqlstate : sqlstates_) sqlstates.push_back(sqlstate.c_str());
    Call([&] {
      SaveBatch(run_, counts_, sqlstates.data(), static_cast<int>(sqlstates.size()), mark,
                started_at, finished);
      table_close(relation_, NoLock);
    });
    return finished;
  }

 private:
  void Open() {
    Call([&] {
      relation_ = try_table_open(run_.relation, RowExclusiveLock);
      if (relation_ == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("its table does not exist"),
                        errdetail("It was dropped, and the policy stayed."),
                        errhint("SELECT phisync.drop_retention_policy(name);")));
      }
      if (!run_.guarded && !run_.dry_run) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("table \"%s\" has lost its retention guard",
                               RelationGetRelationName(relation_)),
                        errdetail("The guard judges each row again under its lock; nothing is "
                                  "disposed of without it."),
                        errhint("Drop and create the table's policies anew; "
                                "phisync.retention_policies shows which are guarded.")));
      }
      const auto blocks = static_cast<int64>(RelationGetNumberOfBlocks(relation_));
      const Oid file = DatumGetObjectId(
          DirectFunctionCall1(pg_relation_filenode, ObjectIdGetDatum(run_.relation)));
      if (file != run_.file) {
        // The table was rewritten: its rows have moved.
        run_.file = file;
        run_.end_block = blocks;
        ItemPointerSet(&run_.next, 0, FirstOffsetNumber);
      }
      run_.end_block = std::min(run_.end_block, blocks);
    });
  }

  // Chooses rows from the run's position on, until the batch is full; true at the end of the table.
  bool Walk() {
    const auto first = static_cast<int64>(ItemPointerGetBlockNumberNoCheck(&run_.next));
    if (first >= run_.end_block) return true;
    const int64 end = std::min(first + kBlocksPerBatch, run_.end_block);
    ItemPointerData last;
    ItemPointerSet(&last, static_cast<BlockNumber>(end - 1), MaxOffsetNumber);
    last_ = last;
    // An expression that cannot be computed for one row must not keep the others.
    if (pg::SurviveError(
            [](void* arg) { pg::Entry([arg] { static_cast<Batch*>(arg)->Scan(false); }); }, this,
            IsAboutRow) != nullptr) {
      due_.clear();
      counts_ = {};
      full_ = false;
      Scan(true);
    }
    if (!full_) ItemPointerSet(&resume_, static_cast<BlockNumber>(end), FirstOffsetNumber);
    run_.next = resume_;
    return !full_ && end >= run_.end_block;
  }

  void Scan(bool careful) {
    TupleTableSlot* slot = nullptr;
    TableScanDesc scan = nullptr;
    Snapshot snapshot = nullptr;
    ItemPointerData from = run_.next;
    Call([&] {
      slot = table_slot_create(relation_, nullptr);
      snapshot = RegisterSnapshot(GetLatestSnapshot());
      scan = table_beginscan_tidrange(relation_, snapshot, &from, &last_);
    });
    while (due_.size() < static_cast<std::size_t>(rows_) && Call([&] {
             CHECK_FOR_INTERRUPTS();
             return table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot);
           })) {
      slot_ = slot;
      if (careful) {
        JudgeCarefully();
      } else {
        JudgeRow();
      }
    }
    full_ = due_.size() >= static_cast<std::size_t>(rows_);
    if (full_) {
      resume_ = due_.back();
      ItemPointerSetOffsetNumber(&resume_, OffsetNumberNext(ItemPointerGetOffsetNumber(&resume_)));
    }
    Call([&] {
      table_endscan(scan);
      UnregisterSnapshot(snapshot);
      ExecDropSingleTupleTableSlot(slot);
    });
  }

  void JudgeRow() {
    const Facts facts = RulesOf(relation_).FactsOf(slot_);
    const Timestamp now = GetCurrentTransactionStartTimestamp();
    const auto asks = [&](const Claim& claim) {
      return claim.policy->name == policy_ && AsksForDisposal(claim, now);
    };
    if (std::none_of(facts.claims.begin(), facts.claims.end(), asks)) return;
    switch (Judge(facts, now).decision) {
      case Decision::kHeld:
        ++counts_.kept_by_hold;
        break;
      case Decision::kRetained:
        ++counts_.kept_by_minimum;
        break;
      default:
        due_.push_back(slot_->tts_tid);
    }
  }

  void JudgeCarefully() {
    const char* const sqlstate = pg::SurviveError(
        [](void* arg) { pg::Entry([arg] { static_cast<Batch*>(arg)->JudgeRow(); }); }, this,
        IsAboutRow);
    if (sqlstate != nullptr) Fail(sqlstate);
  }

  void Fail(const char* sqlstate) {
    ++counts_.failed;
    if (std::find(sqlstates_.begin(), sqlstates_.end(), sqlstate) == sqlstates_.end()) {
      sqlstates_.emplace_back(sqlstate);
    }
  }

  // The stream says why the rows go, before they do.
  XLogRecPtr Mark() {
    return Call([&] {
      StringInfoData content;
      initStringInfo(&content);
      appendStringInfoString(&content, "{\"policy\":");
      escape_json(&content, run_.policy);
      appendStringInfo(&content, ",\"run\":" INT64_FORMAT "}", run_.id);
      return pg::EmitMessage("phisync.retention", content.data, static_cast<size_t>(content.len));
    });
  }

  void DeleteAll() {
    Statement statement{run_.relation, &policy_, 0};
    deletion_ = {};
    Call([&] {
      // Deferred constraints would fail at commit, and the whole batch with them.
      AfterTriggerSetState(makeNode(ConstraintsSetStmt));
      Oid type = TIDARRAYOID;
      if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
      deletion_.plan = SPI_prepare(
          psprintf("DELETE FROM ONLY %s WHERE ctid OPERATOR(pg_catalog.=) ANY ($1)",
                   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation_)),
                                              RelationGetRelationName(relation_))),
          1, &type);
      if (deletion_.plan == nullptr) elog(ERROR, "SPI_prepare failed");
      deletion_.owner = relation_->rd_rel->relowner;
      statement.depth = TriggerDepth();
    });
    struct Running {
      explicit Running(const Statement* s) { running = s; }
      ~Running() { running = nullptr; }
    } const mark(&statement);
    DeleteRange(0, due_.size());
    Call([] { SPI_finish(); });
  }

  // Halves a range that fails, down to the row.
  void DeleteRange(std::size_t first, std::size_t n) {
    deletion_.rows = &due_[first];
    deletion_.n = static_cast<int>(n);
    const char* const sqlstate = pg::SurviveError(Delete, &deletion_, IsAboutRow);
    if (sqlstate == nullptr) {
      counts_.disposed += deletion_.deleted;
      counts_.skipped += static_cast<int64>(n) - deletion_.deleted;
    } else if (n == 1) {
      Fail(sqlstate);
    } else {
      DeleteRange(first, n / 2);
      DeleteRange(first + n / 2, n - n / 2);
    }
  }

  int rows_;
  RunRow run_{};
  std::string policy_;
  Relation relation_ = nullptr;
  ItemPointerData last_{};    // of this batch
  ItemPointerData resume_{};  // where the next batch begins
  TupleTableSlot* slot_ = nullptr;
  std::vector<ItemPointerData> due_;
  bool full_ = false;
  Counts counts_{};
  std::vector<std::string> sqlstates_;
  Deletion deletion_{};
};

}  // namespace

const std::string* RunningPolicy(Oid relation) {
  if (running == nullptr || running->relation != relation) return nullptr;
  return TriggerDepth() == running->depth + 1 ? running->policy : nullptr;
}

}  // namespace phisync::retention

PHISYNC_FUNCTION(phisync_retention_batch) {
  const int rows = PG_GETARG_INT32(1);
  if (rows < 1) {
    throw phisync::Error(phisync::sqlstate::kInvalidParameterValue, "batch_rows is less than one",
                         "It is the number of rows that one transaction deletes at most.",
                         "Give a number such as 1000.");
  }
  PG_RETURN_BOOL(phisync::retention::Batch(PG_GETARG_INT64(0), rows).Do());
}

PHISYNC_FUNCTION(phisync_in_transaction_block) {
  PG_RETURN_BOOL(IsTransactionBlock());
}
