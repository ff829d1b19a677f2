#include "sync/defined.h"

#include <cstring>

#include "pg/past_index.h"
#include "pg/row_values.h"
#include "sync/owner.h"
#include "sync/profile_users.h"
#include "sync/stored_parameters.h"

namespace phisync::sync {
namespace {

struct DefinitionTables {
  Oid bucket = InvalidOid;
  Oid bucket_key = InvalidOid;
  Oid query = InvalidOid;
  Oid query_key = InvalidOid;
  Oid query_relation = InvalidOid;
};

DefinitionTables FindTables() {
  Oid const schema = get_namespace_oid("phisync", true);
  if (!OidIsValid(schema)) return {};
  return {get_relname_relid("bucket", schema), get_relname_relid("bucket_pkey", schema),
          get_relname_relid("bucket_query", schema), get_relname_relid("bucket_query_pkey", schema),
          get_relname_relid("bucket_query_relation", schema)};
}

bool Exist(const DefinitionTables& tables) {
  return OidIsValid(tables.bucket) && OidIsValid(tables.query);
}

// Columns of phisync.bucket and phisync.bucket_query, in the order of extension/20_sync.sql.
// Nothing here reads kColumns: it may be stored out of line, which a past snapshot cannot rely on.
enum BucketColumn { kName = 1, kParameters, kParameterNames, kProfile, kPriority, kDefiner };
enum QueryColumn { kBucket = 1, kOrdinal, kRelation, kQuery, kColumns };

DefinedBucket* ReadBucket(const DefinitionTables& tables, const char* name) {
  ScanKeyData key;
  ScanKeyInit(&key, kName, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(name));
  Relation const buckets = table_open(tables.bucket, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(
      buckets, tables.bucket_key, pg::IndexIsReadable(tables.bucket_key), nullptr, 1, &key);
  DefinedBucket* bucket = nullptr;
  HeapTuple const row = systable_getnext(scan);
  if (HeapTupleIsValid(row)) {
    TupleDesc const desc = RelationGetDescr(buckets);
    bucket = static_cast<DefinedBucket*>(palloc(sizeof(DefinedBucket)));
    bool global;
    Datum const parameters = heap_getattr(row, kParameters, desc, &global);
    *bucket = {pg::RowText(row, kName, desc),
               global ? nullptr : TextDatumGetCString(parameters),
               pg::TextList(pg::RowValue(row, kParameterNames, desc)),
               pg::RowText(row, kProfile, desc),
               DatumGetInt16(pg::RowValue(row, kPriority, desc)),
               DatumGetObjectId(pg::RowValue(row, kDefiner, desc))};
  }
  systable_endscan(scan);
  table_close(buckets, AccessShareLock);
  return bucket;
}

// The queries that the key finds in the index. One whose bucket is not there (any more) gives no
// records and is left out.
List* ScanQueries(const DefinitionTables& tables, Oid index, ScanKeyData* key) {
  struct Row {
    char* bucket;
    DefinedQuery* query;
  };
  List* rows = NIL;
  Relation const table = table_open(tables.query, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(table, index, pg::IndexIsReadable(index), nullptr, 1, key);
  while (HeapTuple const tuple = systable_getnext(scan)) {
    TupleDesc const desc = RelationGetDescr(table);
    auto* const query = static_cast<DefinedQuery*>(palloc(sizeof(DefinedQuery)));
    *query = {nullptr, DatumGetInt32(pg::RowValue(tuple, kOrdinal, desc)),
              DatumGetObjectId(pg::RowValue(tuple, kRelation, desc)),
              pg::RowText(tuple, kQuery, desc)};
    auto* const row = static_cast<Row*>(palloc(sizeof(Row)));
    *row = {pg::RowText(tuple, kBucket, desc), query};
    rows = lappend(rows, row);
  }
  systable_endscan(scan);
  table_close(table, AccessShareLock);
  List* queries = NIL;
  ListCell* cell;
  foreach (cell, rows) {
    auto* const row = static_cast<Row*>(lfirst(cell));
    row->query->of = ReadBucket(tables, row->bucket);
    if (row->query->of != nullptr) queries = lappend(queries, row->query);
  }
  return queries;
}

Datum TextArray(List* strings) {
  auto* const elements =
      static_cast<Datum*>(palloc(sizeof(Datum) * (static_cast<Size>(list_length(strings)) + 1)));
  int n = 0;
  ListCell* cell;
  foreach (cell, strings) elements[n++] = CStringGetTextDatum(strVal(lfirst(cell)));
  return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum NameArray(List* strings) {
  auto* const elements =
      static_cast<Datum*>(palloc(sizeof(Datum) * (static_cast<Size>(list_length(strings)) + 1)));
  int n = 0;
  ListCell* cell;
  foreach (cell, strings) {
    auto* const name = static_cast<NameData*>(palloc(NAMEDATALEN));
    namestrcpy(name, strVal(lfirst(cell)));
    elements[n++] = NameGetDatum(name);
  }
  return PointerGetDatum(construct_array(elements, n, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

template <typename Fn>
void AsExtensionOwner(Fn fn) {
  AsOwnerOf(get_relname_relid("bucket", get_namespace_oid("phisync", false)), fn);
}

void WriteBucket(const char* command, const DefinedBucket* bucket) {
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID, INT2OID, REGROLEOID};
    bool const global = bucket->parameters == nullptr;
    const Datum values[] = {CStringGetTextDatum(bucket->name),
                            global ? Datum{0} : CStringGetTextDatum(bucket->parameters),
                            TextArray(bucket->parameter_names),
                            CStringGetTextDatum(bucket->profile),
                            Int16GetDatum(bucket->priority),
                            ObjectIdGetDatum(bucket->definer)};
    const char nulls[] = {' ', global ? 'n' : ' ', ' ', ' ', ' ', ' ', '\0'};
    Execute(command, 6, types, values, nulls);
  });
}

void WriteQuery(const char* command, const DefinedQuery* query, List* columns) {
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID, INT4OID, REGCLASSOID, TEXTOID, NAMEARRAYOID};
    const Datum values[] = {CStringGetTextDatum(query->of->name), Int32GetDatum(query->ordinal),
                            ObjectIdGetDatum(query->relation), CStringGetTextDatum(query->text),
                            NameArray(columns)};
    Execute(command, 5, types, values, nullptr);
  });
}

}  // namespace

List* QueriesOn(Oid relation) {
  DefinitionTables const tables = FindTables();
  if (!Exist(tables)) return NIL;
  ScanKeyData key;
  ScanKeyInit(&key, kRelation, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
  return ScanQueries(tables, tables.query_relation, &key);
}

List* QueriesOf(const DefinedBucket* bucket) {
  DefinitionTables const tables = FindTables();
  if (!Exist(tables)) return NIL;
  ScanKeyData key;
  ScanKeyInit(&key, kBucket, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(bucket->name));
  return ScanQueries(tables, tables.query_key, &key);
}

DefinedBucket* FindBucket(const char* name) {
  DefinitionTables const tables = FindTables();
  return Exist(tables) ? ReadBucket(tables, name) : nullptr;
}

bool AnyQuery() {
  DefinitionTables const tables = FindTables();
  if (!Exist(tables)) return false;
  Relation const table = table_open(tables.query, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(table, tables.query_relation, true, nullptr, 0, nullptr);
  bool const any = HeapTupleIsValid(systable_getnext(scan));
  systable_endscan(scan);
  table_close(table, AccessShareLock);
  return any;
}

void InsertBucket(const DefinedBucket* bucket) {
  WriteBucket(
      "INSERT INTO phisync.bucket (name, parameters, parameter_names, profile, priority, definer) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      bucket);
}

void UpdateBucket(const DefinedBucket* bucket) {
  WriteBucket(
      "UPDATE phisync.bucket SET parameters = $2, parameter_names = $3, profile = $4, priority = "
      "$5, definer = $6 WHERE name OPERATOR(pg_catalog.=) $1",
      bucket);
}

List* BucketsWithProfile(const char* profile) {
  DefinitionTables const tables = FindTables();
  if (!Exist(tables)) return NIL;
  ScanKeyData key;
  ScanKeyInit(&key, kProfile, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(profile));
  List* names = NIL;
  Relation const buckets = table_open(tables.bucket, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(buckets, InvalidOid, false, nullptr, 1, &key);
  while (HeapTuple const row = systable_getnext(scan)) {
    names = lappend(names, makeString(pg::RowText(row, kName, RelationGetDescr(buckets))));
  }
  systable_endscan(scan);
  table_close(buckets, AccessShareLock);
  list_sort(names, [](const ListCell* a, const ListCell* b) {
    return std::strcmp(strVal(lfirst(a)), strVal(lfirst(b)));
  });
  return names;
}

void DeleteBucket(const char* name) {
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID};
    const Datum values[] = {CStringGetTextDatum(name)};
    Execute("DELETE FROM phisync.bucket_query WHERE bucket OPERATOR(pg_catalog.=) $1", 1, types,
            values, nullptr);
    Execute("DELETE FROM phisync.bucket WHERE name OPERATOR(pg_catalog.=) $1", 1, types, values,
            nullptr);
  });
  DropParameters(name);
}

void InsertQuery(const DefinedQuery* query, List* columns) {
  WriteQuery(
      "INSERT INTO phisync.bucket_query (bucket, ordinal, relation, query, columns) VALUES ($1, "
      "$2, $3, $4, $5)",
      query, columns);
}

void UpdateQuery(const DefinedQuery* query, List* columns) {
  WriteQuery(
      "UPDATE phisync.bucket_query SET relation = $3, query = $4, columns = $5 WHERE bucket "
      "OPERATOR(pg_catalog.=) $1 AND ordinal OPERATOR(pg_catalog.=) $2",
      query, columns);
}

void DeleteQuery(const DefinedQuery* query) {
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID, INT4OID};
    const Datum values[] = {CStringGetTextDatum(query->of->name), Int32GetDatum(query->ordinal)};
    Execute(
        "DELETE FROM phisync.bucket_query WHERE bucket OPERATOR(pg_catalog.=) $1 AND ordinal "
        "OPERATOR(pg_catalog.=) $2",
        2, types, values, nullptr);
  });
}

List* ConsumersGranted(const char* bucket) {
  // In memory that outlives SPI_finish.
  MemoryContext const memory = CurrentMemoryContext;
  List* names = NIL;
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID};
    const Datum values[] = {CStringGetTextDatum(bucket)};
    Execute(
        "SELECT name FROM phisync.consumer WHERE $1 OPERATOR(pg_catalog.=) ANY (buckets) ORDER BY "
        "name",
        1, types, values, nullptr);
    names = FirstColumn(memory);
  });
  return names;
}

}  // namespace phisync::sync
