#include "sync/bucket_rows.h"

#include <algorithm>
#include <utility>

#include "pg/boundary.h"
#include "pg/fixed_settings.h"
#include "pg/subtransaction.h"

namespace phisync::sync {
namespace {

struct Input {
  const char* text;
  Oid function;
  Oid argument;
  Datum value;
};

void ReadInput(void* arg) {
  auto* const input = static_cast<Input*>(arg);
  input->value =
      OidInputFunctionCall(input->function, const_cast<char*>(input->text), input->argument, -1);
}

// The texts as an array of values of the type; those that are none are left out, since no row has
// them.
Datum ValueArray(Oid type, const std::vector<const char*>& texts) {
  const pg::FixedSettings fixed;
  Input input{};
  pg::Call([&] { getTypeInputInfo(type, &input.function, &input.argument); });
  std::vector<Datum> values;
  for (const char* const text : texts) {
    input.text = text;
    if (pg::SurviveInputError(ReadInput, &input) == nullptr) values.push_back(input.value);
  }
  return pg::Call([&] {
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(type, &length, &by_value, &align);
    return PointerGetDatum(construct_array(values.data(), static_cast<int>(values.size()), type,
                                           length, by_value, align));
  });
}

}  // namespace

BucketRows::BucketRows(BucketScope scope, const StreamOptions& options, MemoryContext memory)
    : scope_(std::move(scope)),
      options_(options),
      names_(scope_.Names()),
      memory_(memory),
      evaluator_(WantedBuckets()) {
  pg::Call([&] {
    table_memory_ = AllocSetContextCreate(memory_, "phisync table", ALLOCSET_DEFAULT_SIZES);
    row_memory_ = AllocSetContextCreate(memory_, "phisync row", ALLOCSET_DEFAULT_SIZES);
  });
  ListTables();
  pg::Call([&] { snapshot_ = RegisterSnapshot(GetActiveSnapshot()); });
}

RowEvaluator::Wanted BucketRows::WantedBuckets() const {
  if (!scope_.exact) return InShard(options_.shard);
  return [this, in_shard = InShard(options_.shard)](std::string_view id) {
    return scope_.Includes(id) && (!in_shard || in_shard(id));
  };
}

void BucketRows::ListTables() {
  for (const Oid relation : scope_.relations) {
    List* const tables = pg::Call([&] { return RowTables(relation); });
    ListCell* cell;
    foreach (cell, tables) {
      if (std::ranges::find(tables_, lfirst_oid(cell)) == tables_.end()) {
        tables_.push_back(lfirst_oid(cell));
      }
    }
  }
  std::ranges::reverse(tables_);
}

bool BucketRows::Next() {
  for (;;) {
    if (target_ == nullptr) {
      if (!passes_.empty()) {
        OpenPass();
      } else if (!OpenTable()) {
        return false;
      } else if (!changes_.empty()) {
        return true;
      }
      continue;
    }
    if (!ReadRow()) {
      EndPass();
    } else if (!changes_.empty()) {
      return true;
    }
  }
}

// False if the pass has no further row.
bool BucketRows::ReadRow() {
  MemoryContextReset(row_memory_);
  MemoryContext const before = MemoryContextSwitchTo(row_memory_);
  HeapTuple const row = pg::Call([&] { return reader_.Next(); });
  if (row != nullptr) {
    const pg::FixedSettings fixed;
    evaluator_.EvaluateRow(*target_, relation_, row, changes_);
  }
  MemoryContextSwitchTo(before);
  return row != nullptr;
}

// False if there is no further table. Leaves in changes_ what can be said before its first row.
bool BucketRows::OpenTable() {
  if (relation_ != nullptr) {
    pg::Call([&] { relation_close(relation_, NoLock); });
    relation_ = nullptr;
  }
  changes_.Clear();
  if (tables_.empty()) return false;
  const Oid table = tables_.back();
  tables_.pop_back();
  pg::Call([&] {
    MemoryContextReset(table_memory_);
    // It may have been dropped before it was locked.
    relation_ = try_relation_open(table, AccessShareLock);
    if (relation_ != nullptr) RequireUnchanged(relation_, snapshot_);
  });
  if (relation_ == nullptr) return true;
  MemoryContext const before = MemoryContextSwitchTo(table_memory_);
  PlanPasses();
  MemoryContextSwitchTo(before);
  return true;
}

void BucketRows::PlanPasses() {
  const RelationPlan plan = CompileRelation(relation_, &names_);
  bool all_rows = false;
  for (const QueryPlan& query : plan.queries) {
    if (query.refused_sqlstate != nullptr) {
      if (std::ranges::find(changes_.errors, std::string_view(query.refused_sqlstate)) ==
          changes_.errors.end()) {
        changes_.errors.push_back(query.refused_sqlstate);
      }
      continue;
    }
    passes_.push_back({query.bucket, query.ordinal, FindKeys(query)});
    all_rows |= !OidIsValid(passes_.back().keys.index);
  }
  if (all_rows) passes_.assign(1, Pass{});
  std::ranges::reverse(passes_);
}

// An index finds all rows of the buckets if one of the parameters has its values from one column.
IndexKeys BucketRows::FindKeys(const QueryPlan& query) {
  const BucketScope::Definition& definition = scope_.definitions.find(query.bucket)->second;
  IndexKeys keys;
  if (definition.whole) return keys;
  for (std::size_t i = 0; i < query.parameters.size(); i++) {
    const std::vector<ParameterSource>& sources = query.parameters[i].sources;
    if (sources.size() != 1 || sources.front().elements) continue;
    const Oid index = pg::Call([&] { return FindIndex(relation_, sources.front().attnum); });
    if (!OidIsValid(index)) continue;
    std::vector<const char*> texts;
    for (const auto& values : definition.values) texts.push_back(values[i].c_str());
    const Datum array = ValueArray(sources.front().type, texts);
    pg::Call([&] {
      Relation const open = index_open(index, AccessShareLock);
      AddIndexKey(&keys, open, array, true);
      index_close(open, NoLock);
    });
    break;
  }
  return keys;
}

void BucketRows::OpenPass() {
  const Pass pass = std::move(passes_.back());
  passes_.pop_back();
  auto target = std::make_unique<Target>();
  MakeTarget(*target, relation_, &names_, memory_, options_.encode, [&](const QueryPlan& query) {
    return query.refused_sqlstate == nullptr &&
           (pass.bucket.empty() || (query.bucket == pass.bucket && query.ordinal == pass.ordinal));
  });
  const IndexKeys* const keys = OidIsValid(pass.keys.index) ? &pass.keys : nullptr;
  pg::Call([&] { reader_.Open(relation_, snapshot_, keys, table_memory_); });
  target_ = std::move(target);
}

void BucketRows::EndPass() {
  pg::Call([&] { reader_.Close(); });
  target_.reset();
}

void BucketRows::Close() {
  if (target_ != nullptr) EndPass();
  pg::Call([&] {
    if (relation_ != nullptr) relation_close(relation_, NoLock);
    if (snapshot_ != nullptr) UnregisterSnapshot(snapshot_);
  });
  relation_ = nullptr;
  snapshot_ = nullptr;
  tables_.clear();
  passes_.clear();
}

}  // namespace phisync::sync
