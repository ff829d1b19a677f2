#include "retention/rules.h"

#include <utility>

#include "pg/boundary.h"
#include "retention/row_key.h"

namespace phisync::retention {
namespace {

using pg::Call;

// Sessions are read from by relcache invalidation: policies by that of their table, holds by that
// of legal_hold.
struct Cached {
  std::unique_ptr<Rules> rules;
  bool valid = false;
};
std::unordered_map<Oid, Cached>* cache = nullptr;
Oid hold_table = InvalidOid;

void Forget(Datum, Oid relation) {
  if (cache == nullptr) return;
  if (relation == InvalidOid || relation == hold_table) {
    for (auto& [oid, entry] : *cache) entry.valid = false;
    hold_table = InvalidOid;
    return;
  }
  const auto found = cache->find(relation);
  if (found != cache->end()) found->second.valid = false;
}

std::optional<Timestamp> AnchorOf(Datum value, bool is_null, Oid type) {
  if (is_null) return std::nullopt;
  if (type != DATEOID) return DatumGetTimestamp(value);
  const DateADT date = DatumGetDateADT(value);
  if (DATE_NOT_FINITE(date)) return std::nullopt;
  Timestamp result = 0;
  if (__builtin_mul_overflow(static_cast<Timestamp>(date), calendar::kMicrosPerDay, &result)) {
    return std::nullopt;
  }
  return result;
}

// Evaluates without letting the server's words through: they may quote the row.
Datum Evaluate(ExprState* state, ExprContext* context, bool* is_null, const char* what,
               const std::string& name) {
  try {
    return Call([&] { return ExecEvalExprSwitchContext(state, context, is_null); });
  } catch (const pg::BackendError&) {
    const char* const code = Call([&]() -> const char* {
      const ErrorData* const error = CopyErrorData();
      const int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
      if (category != ERRCODE_DATA_EXCEPTION && category != ERRCODE_PROGRAM_LIMIT_EXCEEDED) {
        return nullptr;
      }
      FlushErrorState();
      return pstrdup(unpack_sql_state(error->sqlerrcode));
    });
    if (code == nullptr) throw;
    throw Error(
        code, std::string(what) + " \"" + name + "\" cannot be computed for a row",
        "What cannot be judged is kept.",
        "Mend the row, or define the expression so that it has a value, or NULL, for every row.");
  }
}

}  // namespace

Rules::Rules(Relation relation, Snapshot snapshot) {
  memory_ = Call([] {
    return AllocSetContextCreate(TopMemoryContext, "phisync retention rules", ALLOCSET_SMALL_SIZES);
  });
  try {
    MemoryContext const caller = MemoryContextSwitchTo(memory_);
    struct Back {
      MemoryContext context;
      ~Back() { MemoryContextSwitchTo(context); }
    } const back{caller};
    context_ = Call([] { return CreateStandaloneExprContext(); });
    ReadPolicies(relation, snapshot);
    ReadHolds(relation, snapshot);
  } catch (...) {
    MemoryContextDelete(memory_);
    throw;
  }
}

Rules::~Rules() {
  MemoryContextDelete(memory_);
}

bool Rules::NamesSubject(AttrNumber attnum) const {
  for (const auto& subject : subjects_) {
    if (subject.first == attnum) return true;
  }
  return false;
}

std::optional<Claim> Rules::ClaimOf(const Compiled& compiled) {
  bool is_null = false;
  const std::string& name = compiled.policy.terms.name;
  if (compiled.filter != nullptr) {
    const Datum passes =
        Evaluate(compiled.filter, context_, &is_null, "filter of retention policy", name);
    if (is_null || !DatumGetBool(passes)) return std::nullopt;
  }
  const Datum value =
      Evaluate(compiled.anchor, context_, &is_null, "anchor of retention policy", name);
  return Claim{&compiled.policy.terms, AnchorOf(value, is_null, compiled.policy.anchor_type)};
}

void Rules::AddHolds(TupleTableSlot* slot, Facts* facts) {
  if (!row_holds_.empty()) {
    Datum values[INDEX_MAX_KEYS];
    const uint32 hash = Call([&] {
      key_->Read(slot, values);
      return key_->Hash(values);
    });
    const auto range = row_holds_.equal_range(hash);
    for (auto it = range.first; it != range.second; ++it) {
      if (Call([&] { return key_->Equal(values, it->second.key); })) {
        facts->holds.push_back(it->second.name);
      }
    }
  }
  if (!subject_holds_.empty()) {
    for (const auto& [attnum, type] : subjects_) {
      const char* const text = Call([&, attnum = attnum, type = type]() -> const char* {
        bool is_null = false;
        const Datum value = slot_getattr(slot, attnum, &is_null);
        return is_null ? nullptr : SubjectText(value, type);
      });
      if (text == nullptr) continue;
      const auto range = subject_holds_.equal_range(text);
      for (auto it = range.first; it != range.second; ++it) facts->holds.push_back(it->second);
    }
  }
  for (const Predicate& predicate : predicates_) {
    bool is_null = false;
    const Datum holds =
        Evaluate(predicate.state, context_, &is_null, "predicate of legal hold", predicate.name);
    if (!is_null && DatumGetBool(holds)) facts->holds.push_back(predicate.name);
  }
}

Facts Rules::FactsOf(TupleTableSlot* slot) {
  Facts facts;
  // What evaluation allocates goes with the next row.
  ResetExprContext(context_);
  MemoryContext const caller = MemoryContextSwitchTo(context_->ecxt_per_tuple_memory);
  struct Back {
    MemoryContext context;
    ~Back() { MemoryContextSwitchTo(context); }
  } const back{caller};
  context_->ecxt_scantuple = slot;
  for (const Compiled& compiled : policies_) {
    if (std::optional<Claim> claim = ClaimOf(compiled)) facts.claims.push_back(*claim);
  }
  if (holds_ != 0) AddHolds(slot, &facts);
  return facts;
}

bool Rules::ChangesSubject(TupleTableSlot* before, TupleTableSlot* after) {
  for (const auto& [attnum, type] : subjects_) {
    const bool changed = Call([&, attnum = attnum, type = type] {
      bool old_null = false;
      bool new_null = false;
      const Datum old_value = slot_getattr(before, attnum, &old_null);
      const Datum new_value = slot_getattr(after, attnum, &new_null);
      if (old_null) return false;
      return new_null || strcmp(SubjectText(old_value, type), SubjectText(new_value, type)) != 0;
    });
    if (changed) return true;
  }
  return false;
}

void LockHolds() {
  // A lock taken anew brings invalidations, among them that of a table made anew.
  for (Oid locked = InvalidOid; !OidIsValid(hold_table) || locked != hold_table;) {
    if (!OidIsValid(hold_table)) hold_table = Call([] { return OwnTable("legal_hold"); });
    locked = hold_table;
    Call([locked] { LockRelationOid(locked, RowExclusiveLock); });
  }
}

Rules& RulesOf(Relation relation) {
  if (hold_table == InvalidOid) hold_table = Call([] { return OwnTable("legal_hold"); });
  Cached& entry = (*cache)[RelationGetRelid(relation)];
  if (!entry.valid || entry.rules == nullptr) {
    // An invalidation that arrives while they are read counts for the next call.
    entry.valid = true;
    entry.rules.reset();
    Snapshot const snapshot = Call([] { return RegisterSnapshot(GetLatestSnapshot()); });
    try {
      entry.rules = std::make_unique<Rules>(relation, snapshot);
    } catch (...) {
      entry.valid = false;
      UnregisterSnapshot(snapshot);
      throw;
    }
    Call([&] { UnregisterSnapshot(snapshot); });
  }
  return *entry.rules;
}

Oid OwnTable(const char* name) {
  const Oid oid = get_relname_relid(name, get_namespace_oid("phisync", false));
  if (!OidIsValid(oid)) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table phisync.%s does not exist", name),
             errdetail("The extension is not installed in this database."),
             errhint("CREATE EXTENSION phisync;")));
  }
  return oid;
}

void InitRules() {
  cache = new std::unordered_map<Oid, Cached>();
  Call([] { CacheRegisterRelcacheCallback(Forget, Datum{0}); });
}

}  // namespace phisync::retention
