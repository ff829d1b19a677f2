// phisync.explain_row: in which buckets a row is, in which not and why, and what becomes of each
// column; for people, and without values of the row.

#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "pg/expression.h"
#include "pg/fixed_settings.h"
#include "pg/text.h"
#include "sync/row.h"
#include "sync/table_reader.h"
#include "tags/tags.h"

namespace phisync::sync {
namespace {

// A row found by its primary key; without one, the table that says how rows are.
struct FoundRow {
  Relation table = nullptr;
  HeapTuple row = nullptr;
};

struct KeyTexts {
  const char** texts;
  int n;
};

[[noreturn]] void RefuseKey(Relation table, const char* detail) {
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
           errmsg("pk does not identify a row of table \"%s\"", RelationGetRelationName(table)),
           errdetail_internal("%s", detail),
           errhint("Give the values of the primary key's columns, in the order of the key.")));
  pg_unreachable();
}

KeyTexts ReadKey(ArrayType* array) {
  Datum* elements;
  bool* nulls;
  int n;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
  auto* const texts = static_cast<const char**>(palloc(sizeof(char*) * (static_cast<Size>(n) + 1)));
  for (int i = 0; i < n; i++) {
    if (nulls[i]) {
      ereport(ERROR,
              (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("an element of pk cannot be null"),
               errdetail("Columns of a primary key are never null."),
               errhint("Give the values of the primary key's columns, in the order of the key.")));
    }
    texts[i] = TextDatumGetCString(elements[i]);
  }
  return {texts, n};
}

// The palloc'd row of the open table with that primary key under the active snapshot, or null.
HeapTuple FindRow(Relation table, const KeyTexts& key) {
  Oid const oid = pg::PrimaryKeyIndex(table);
  if (!OidIsValid(oid)) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("table \"%s\" has no primary key that is not deferrable",
                           RelationGetRelationName(table)),
                    errdetail("A row is recognised by its primary key."),
                    errhint("ALTER TABLE %s ADD PRIMARY KEY (...);",
                            quote_identifier(RelationGetRelationName(table)))));
  }
  Relation const index = index_open(oid, AccessShareLock);
  int const columns = IndexRelationGetNumberOfKeyAttributes(index);
  if (columns != key.n) {
    RefuseKey(table, psprintf("Columns of the primary key: %d; values given: %d.", columns, key.n));
  }
  IndexKeys keys;
  for (int i = 0; i < columns; i++) {
    AttrNumber const attnum = index->rd_index->indkey.values[i];
    Oid const type = getBaseType(TupleDescAttr(RelationGetDescr(table), attnum - 1)->atttypid);
    Oid function;
    Oid argument;
    getTypeInputInfo(type, &function, &argument);
    AddIndexKey(&keys, index,
                OidInputFunctionCall(function, const_cast<char*>(key.texts[i]), argument, -1),
                false);
  }
  index_close(index, NoLock);
  TableReader reader;
  reader.Open(table, GetActiveSnapshot(), &keys, CurrentMemoryContext);
  HeapTuple row = reader.Next();
  if (row != nullptr) row = heap_copytuple(row);
  reader.Close();
  return row;
}

FoundRow Find(Oid relation, ArrayType* pk) {
  KeyTexts const key = ReadKey(pk);
  FoundRow found;
  char const kind = get_rel_relkind(relation);
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is not a table", kind == '\0' ? "-" : get_rel_name(relation)),
                    errdetail("Rows of buckets are those of tables."), errhint("Name a table.")));
  }
  List* const tables = RowTables(relation);
  ListCell* cell;
  foreach (cell, tables) {
    Relation const table = table_open(lfirst_oid(cell), AccessShareLock);
    HeapTuple const row = FindRow(table, key);
    if (row != nullptr || found.table == nullptr) {
      if (found.table != nullptr) table_close(found.table, NoLock);
      found = {table, row};
      if (row != nullptr) break;
    } else {
      table_close(table, NoLock);
    }
  }
  return found;
}

// What is said of one data query.
struct Verdict {
  bool in_bucket = false;
  std::vector<std::string> buckets;
  std::string reason;
};

std::string RefusalReason(const std::string& sqlstate) {
  if (sqlstate == sqlstate::kInsufficientPrivilege) {
    return "refused (42501): an id, parameter or key is PHI that the profile withholds";
  }
  if (sqlstate == sqlstate::kObjectNotInPrerequisiteState) {
    return "refused (55000): a column has no class and the table says default=error, or the "
           "profile "
           "needs a key that is not to be had";
  }
  return "refused (" + sqlstate + "): the query does not fit the table any more";
}

// A parameter all of whose columns are null in the row.
std::string NullParameter(const QueryPlan& query, const FoundRow& found) {
  for (const Parameter& parameter : query.parameters) {
    bool all_null = true;
    for (const ParameterSource& source : parameter.sources) {
      all_null &= pg::Call(
          [&] { return heap_attisnull(found.row, source.attnum, RelationGetDescr(found.table)); });
    }
    if (all_null) return "bucket." + parameter.name + " is null";
  }
  return "a bucket parameter has no value";
}

// Whether the row would be in a bucket but for its own sensitivity.
template <typename Evaluate>
bool IsHiddenRow(Target& target, Evaluate evaluate, const RowChanges& changes) {
  target.queries.front().guarded = false;
  evaluate();
  return !changes.puts.empty() || !changes.errors.empty();
}

// Evaluates one query alone, so that what is said is about it.
Verdict Judge(const QueryPlan& query, const FoundRow& found, MemoryContext memory) {
  Verdict verdict;
  if (query.refused_sqlstate != nullptr) {
    verdict.reason = RefusalReason(query.refused_sqlstate);
    return verdict;
  }
  if (found.row == nullptr) {
    verdict.reason = "the table has no such row";
    return verdict;
  }
  if (query.hides_rows) {
    verdict.reason = "the profile has no consent or clearance for the rows of the table";
    return verdict;
  }
  const std::vector<std::string> names{query.bucket};
  Target target;
  MakeTarget(target, found.table, &names, memory, {},
             [&](const QueryPlan& other) { return other.ordinal == query.ordinal; });
  RowEvaluator evaluator;
  RowChanges changes;
  const auto evaluate = [&] {
    const pg::FixedSettings fixed;
    evaluator.EvaluateRow(target, found.table, found.row, changes);
  };
  evaluate();
  if (!changes.errors.empty()) {
    verdict.reason = std::string("it fails on this row (") + changes.errors.front() + ")";
  } else if (!changes.puts.empty()) {
    verdict.in_bucket = true;
    const Put& put = changes.puts.front();
    for (std::uint32_t i = 0; i < put.bucket_count; i++) {
      verdict.buckets.emplace_back(changes.Text(changes.buckets[put.first_bucket + i]));
    }
    verdict.reason = "it selects the row";
  } else if (target.queries.front().guarded && IsHiddenRow(target, evaluate, changes)) {
    verdict.reason = "the row is of a sensitivity that the profile has no consent for";
  } else {
    const bool filtered = target.queries.front().filter != nullptr;
    if (filtered) {
      target.queries.front().filter = nullptr;
      evaluate();
    }
    verdict.reason = filtered && (!changes.puts.empty() || !changes.errors.empty())
                         ? "its filter is not true"
                         : NullParameter(query, found);
  }
  return verdict;
}

class Columns {
 public:
  Columns(Relation table, const tags::RelationTags& tags) : table_(table), tags_(tags) {}

  // {"output": "sent" | "transformation (tag)" | "withheld (tag)" | "not selected"}
  Datum Treatment(const QueryPlan& query) {
    json_.Clear();
    read_ = nullptr;
    keys_.clear();
    for (const Output& output : query.outputs) {
      Bitmapset* const reads = Reads(output);
      Add(output.key,
          output.masking ? Format(output.masking->transform) + " (" + Tag(reads) + ")" : "sent",
          reads);
    }
    for (const Output& output : query.withheld) {
      Bitmapset* const reads = Reads(output);
      Add(output.key, "withheld (" + Tag(reads) + ")", reads);
    }
    for (int i = 0; i < RelationGetDescr(table_)->natts; i++) {
      Form_pg_attribute const column = TupleDescAttr(RelationGetDescr(table_), i);
      if (column->attisdropped || bms_is_member(column->attnum, read_)) continue;
      Add(NameStr(column->attname), "not selected", nullptr);
    }
    json_.Append(json_.empty() ? "{}" : "}");
    json_.Append('\0');
    return pg::Call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(json_.data())); });
  }

 private:
  static Bitmapset* Reads(const Output& output) {
    return pg::Call([&] {
      return output.expr == nullptr ? bms_make_singleton(output.attnum)
                                    : pg::ColumnsRead(output.expr);
    });
  }

  std::string Tag(Bitmapset* reads) const {
    for (int i = -1; (i = bms_next_member(reads, i)) >= 0;) {
      const tags::ColumnTag& tag = tags_.columns[static_cast<std::size_t>(i) - 1];
      if (tag.phi) return tag.text;
    }
    return "phi";
  }

  // An output that has a column's name says more than the column.
  void Add(const std::string& key, const std::string& treatment, Bitmapset* reads) {
    read_ = pg::Call([&] { return bms_add_members(read_, reads); });
    for (const std::string& other : keys_) {
      if (other == key) return;
    }
    keys_.push_back(key);
    json_.Append(json_.empty() ? '{' : ',');
    AppendJsonKey(json_, key);
    AppendJsonString(json_, treatment);
  }

  Relation table_;
  const tags::RelationTags& tags_;
  ByteBuffer json_;
  Bitmapset* read_ = nullptr;  // by outputs
  std::vector<std::string> keys_;
};

void PutVerdict(ReturnSetInfo* result, const QueryPlan& query, const Verdict& verdict,
                Datum columns) {
  const bool refused = query.refused_sqlstate != nullptr;
  const std::size_t n = verdict.buckets.size();
  pg::Call([&] {
    auto* const ids = static_cast<Datum*>(palloc(sizeof(Datum) * (n + 1)));
    for (std::size_t i = 0; i < n; i++) ids[i] = CStringGetTextDatum(verdict.buckets[i].c_str());
    const Datum values[] = {CStringGetTextDatum(query.bucket.c_str()),
                            Int32GetDatum(query.ordinal),
                            BoolGetDatum(verdict.in_bucket),
                            PointerGetDatum(construct_array(ids, static_cast<int>(n), TEXTOID, -1,
                                                            false, TYPALIGN_INT)),
                            CStringGetTextDatum(verdict.reason.c_str()),
                            columns};
    const bool nulls[] = {false, false, false, false, false, refused};
    tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum*>(values),
                         const_cast<bool*>(nulls));
  });
}

void Explain(const FoundRow& found, ReturnSetInfo* result) {
  const RelationPlan plan = CompileRelation(found.table, nullptr);
  const tags::RelationTags tags = tags::EffectiveTags(RelationGetRelid(found.table));
  Columns columns(found.table, tags);
  for (const QueryPlan& query : plan.queries) {
    const Verdict verdict = Judge(query, found, CurrentMemoryContext);
    PutVerdict(result, query, verdict,
               query.refused_sqlstate != nullptr ? Datum{0} : columns.Treatment(query));
  }
}

}  // namespace
}  // namespace phisync::sync

// (relation regclass, VARIADIC pk text[]), strict:
// set of (bucket, ordinal, in_bucket, buckets, reason, columns)
PHISYNC_FUNCTION(phisync_explain_row) {
  using namespace phisync;
  InitMaterializedSRF(fcinfo, 0);
  const sync::FoundRow found = sync::Find(PG_GETARG_OID(0), PG_GETARG_ARRAYTYPE_P(1));
  // A partitioned table without partitions has no rows.
  if (found.table == nullptr) return Datum{0};
  sync::Explain(found, reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
  table_close(found.table, NoLock);
  return Datum{0};
}
