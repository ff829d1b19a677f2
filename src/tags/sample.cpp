#include "tags/sample.h"

#include <string_view>

#include "pg/boundary.h"
#include "pg/sampling.h"
#include "pg/subtransaction.h"
#include "reads/trust.h"
#include "tags/value_reader.h"

namespace phisync::tags {
namespace {

constexpr int kRowsAtOnce = 200;
// Milliseconds; of something else than the table, such as an index that is being built anew.
constexpr int kWaitForLocks = 1000;
// Blocks are chosen for somewhat more rows than are read, since chance may choose fewer.
constexpr double kMoreBlocks = 1.2;
// Fewer blocks might be none: TABLESAMPLE SYSTEM throws a die for each.
constexpr double kFewestBlocks = 8;

constexpr const char* kLocked = "locked by another session";

struct Job {
  Oid relation;
  int rows;
  const std::vector<AttrNumber>* numbers;
  std::vector<detect::Column>* columns;
  std::vector<char>* denied;
  int sampled;
  const char* refused;
};

// What of the table the query shall give; null where *refused says why not.
const char* QueryText(Job* job, const Reader* readers) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(job->relation));
  if (!HeapTupleIsValid(tuple)) {
    job->refused = "dropped meanwhile";
    return nullptr;
  }
  const auto form = *reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  ReleaseSysCache(tuple);
  if (!pg::MayUseSchema(form.relnamespace)) {
    job->refused = "no USAGE privilege on the schema";
    return nullptr;
  }
  if (!row_security && check_enable_rls(job->relation, InvalidOid, true) == RLS_ENABLED) {
    job->refused = "row security is off in this session";
    return nullptr;
  }
  StringInfoData query;
  initStringInfo(&query);
  bool any = false;
  bool denied = false;
  for (std::size_t i = 0; i < job->numbers->size(); ++i) {
    appendStringInfoString(&query, i == 0 ? "SELECT " : ", ");
    const AttrNumber number = (*job->numbers)[i];
    const bool allowed =
        pg_class_aclcheck(job->relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
        pg_attribute_aclcheck(job->relation, number, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
    const bool wanted = readers[i].reading != Reading::kNot;
    (*job->denied)[i] = wanted && !allowed;
    denied = denied || (wanted && !allowed);
    any = any || (wanted && allowed);
    appendStringInfoString(&query, wanted && allowed
                                       ? quote_identifier(get_attname(job->relation, number, false))
                                       : "NULL");
  }
  if (!any) {
    job->refused = denied ? "no SELECT privilege" : "no column of a type that is looked at";
    return nullptr;
  }
  double blocks = 0;
  double tuples = 0;
  double counted = 0;
  List* members = find_all_inheritors(job->relation, NoLock, nullptr);
  ListCell* cell = nullptr;
  foreach (cell, members) {
    const Oid member = lfirst_oid(cell);
    if (!ConditionalLockRelationOid(member, AccessShareLock)) {
      job->refused = kLocked;
      return nullptr;
    }
    Relation relation = try_relation_open(member, NoLock);
    if (relation == nullptr) continue;
    const char kind = relation->rd_rel->relkind;
    if (kind == RELKIND_RELATION) {
      BlockNumber pages = 0;
      double rows = 0;
      double all_visible = 0;
      estimate_rel_size(relation, nullptr, &pages, &rows, &all_visible);
      blocks += RelationGetNumberOfBlocks(relation);
      tuples += rows;
      counted += pages;
    }
    relation_close(relation, NoLock);
    if (kind == RELKIND_FOREIGN_TABLE) {
      job->refused = "has foreign partitions";
      return nullptr;
    }
  }
  appendStringInfo(
      &query, " FROM %s",
      quote_qualified_identifier(get_namespace_name(form.relnamespace), NameStr(form.relname)));
  const double density = counted > 0 ? tuples / counted : 1;
  const double wanted = Max(kFewestBlocks, kMoreBlocks * job->rows / Max(density, 0.1));
  if (wanted * 1.5 < blocks) {
    appendStringInfo(&query, " TABLESAMPLE pg_catalog.system (%.6f)", 100 * wanted / blocks);
  }
  appendStringInfo(&query, " LIMIT %d", job->rows);
  return query.data;
}

void Count(const Reader& reader, Datum datum, Texts* found, detect::Column& column) {
  if (reader.reading == Reading::kDate || reader.reading == Reading::kTimestamp) {
    int32 day = 0;
    if (!reader.array && ReadDay(reader.reading, datum, &day)) column.values.AddDay(day);
    return;
  }
  pg::Call([&] { Read(reader, datum, found); });
  for (int i = 0; i < found->count; ++i) {
    const Text& text = found->texts[i];
    const std::string_view value(text.data, static_cast<std::size_t>(text.length));
    if (text.key == nullptr) {
      column.values.Add(value);
    } else if (detect::Values* member =
                   column.Member({text.key, static_cast<std::size_t>(text.key_length)})) {
      member->Add(value);
    }
  }
}

void Run(Job* job) {
  const std::size_t width = job->numbers->size();
  Texts found = {};
  Datum* datums = nullptr;
  bool* nulls = nullptr;
  const Reader* readers = pg::Call([&] {
    datums = static_cast<Datum*>(palloc(sizeof(Datum) * width));
    nulls = static_cast<bool*>(palloc(sizeof(bool) * width));
    found.texts = static_cast<Text*>(palloc(sizeof(Text) * kMaxTexts));
    auto* all = static_cast<Reader*>(palloc0(sizeof(Reader) * width));
    for (std::size_t i = 0; i < width; ++i) {
      all[i] = ReaderOf(get_atttype(job->relation, (*job->numbers)[i]));
    }
    // Nothing that a policy or a type calls may write.
    set_config_option("transaction_read_only", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                      true, 0, false);
    if (LockTimeout == 0 || LockTimeout > kWaitForLocks) {
      set_config_option("lock_timeout", psprintf("%d", kWaitForLocks), PGC_USERSET, PGC_S_SESSION,
                        GUC_ACTION_LOCAL, true, 0, false);
    }
    return all;
  });
  struct Cursor {
    Portal portal;
    MemoryContext memory;
  };
  const auto open = [&]() -> Cursor {
    const char* query = QueryText(job, readers);
    if (query == nullptr) return {};
    Cursor c = {};
    c.memory =
        AllocSetContextCreate(CurrentMemoryContext, "phisync sample", ALLOCSET_DEFAULT_SIZES);
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    c.portal = SPI_cursor_open_with_args(nullptr, query, 0, nullptr, nullptr, nullptr, true,
                                         CURSOR_OPT_NO_SCROLL);
    return c;
  };
  Cursor cursor = {};
  {
    // What is found are counts, which the caller may have without a grant to read PHI.
    const reads::OwnStatements own;
    cursor = pg::Call(open);
  }
  if (cursor.portal == nullptr) return;
  for (;;) {
    const auto fetched = pg::Call([&] {
      CHECK_FOR_INTERRUPTS();
      SPI_cursor_fetch(cursor.portal, true, kRowsAtOnce);
      return SPI_processed;
    });
    if (fetched == 0) break;
    job->sampled += static_cast<int>(fetched);
    SPITupleTable* const table = SPI_tuptable;
    MemoryContext const before = MemoryContextSwitchTo(cursor.memory);
    for (uint64 row = 0; row < fetched; ++row) {
      // Of wide rows a few take their time.
      if (InterruptPending) pg::Call([] { CHECK_FOR_INTERRUPTS(); });
      pg::Call([&] { heap_deform_tuple(table->vals[row], table->tupdesc, datums, nulls); });
      for (std::size_t i = 0; i < width; ++i) {
        if (!nulls[i]) Count(readers[i], datums[i], &found, (*job->columns)[i]);
      }
      MemoryContextReset(cursor.memory);
    }
    MemoryContextSwitchTo(before);
    pg::Call([&] { SPI_freetuptable(table); });
  }
  pg::Call([&] {
    SPI_cursor_close(cursor.portal);
    SPI_finish();
  });
}

// An error of one table, such as a damaged page or a policy that fails, leaves its names.
bool IsAboutTheTable(int sqlerrcode) {
  switch (ERRCODE_TO_CATEGORY(sqlerrcode)) {
    case ERRCODE_OPERATOR_INTERVENTION:
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_SYSTEM_ERROR:
      return false;
    default:
      return true;
  }
}

}  // namespace

const char* Sample(Oid relation, int rows, const std::vector<AttrNumber>& numbers,
                   std::vector<detect::Column>& columns, std::vector<char>& denied, int* sampled) {
  Job job = {relation, rows, &numbers, &columns, &denied, 0, nullptr};
  const char* sqlstate =
      pg::TryAndUndo([](void* arg) { Run(static_cast<Job*>(arg)); }, &job, IsAboutTheTable);
  *sampled = job.sampled;
  if (sqlstate != nullptr) {
    return pg::Call([&]() -> const char* {
      if (strcmp(sqlstate, "55P03") == 0) return kLocked;
      return psprintf("reading failed with SQLSTATE %s", sqlstate);
    });
  }
  return job.refused;
}

}  // namespace phisync::tags
