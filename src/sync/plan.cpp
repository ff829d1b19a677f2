#include "sync/plan.h"

#include <algorithm>

#include "pg/boundary.h"
#include "pg/subtransaction.h"
#include "sync/sensitivity.h"

namespace phisync::sync {
namespace {

// Rows of the definition tables, palloc'd.
struct DefinedQuery {
  const char* bucket;
  int ordinal;
  const char* text;
  const char* profile;
  List* parameters;  // String
};

struct DefinitionTables {
  Oid bucket = InvalidOid;
  Oid bucket_key = InvalidOid;
  Oid query = InvalidOid;
  Oid query_index = InvalidOid;
};

DefinitionTables FindTables() {
  Oid const schema = get_namespace_oid("phisync", true);
  if (!OidIsValid(schema)) return {};
  return {get_relname_relid("bucket", schema), get_relname_relid("bucket_pkey", schema),
          get_relname_relid("bucket_query", schema),
          get_relname_relid("bucket_query_relation", schema)};
}

// Columns of phisync.bucket and phisync.bucket_query, in the order of extension/20_sync.sql.
enum BucketColumn { kName = 1, kParameters, kParameterNames, kProfile, kPriority, kDefiner };
enum QueryColumn { kBucket = 1, kOrdinal, kRelation, kQuery, kColumns };

Datum Value(HeapTuple tuple, int column, TupleDesc desc) {
  bool isnull;
  Datum const value = heap_getattr(tuple, column, desc, &isnull);
  if (isnull) elog(ERROR, "definition of a bucket has no value in column %d", column);
  return value;
}

char* Text(HeapTuple tuple, int column, TupleDesc desc) {
  return TextDatumGetCString(Value(tuple, column, desc));
}

List* TextList(Datum array) {
  Datum* elements;
  int n;
  deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr,
                    &n);
  List* list = NIL;
  for (int i = 0; i < n; i++) list = lappend(list, makeString(TextDatumGetCString(elements[i])));
  return list;
}

// False if the bucket is not there (any more): its queries give no records.
bool ReadBucket(const DefinitionTables& tables, DefinedQuery* query) {
  ScanKeyData key;
  ScanKeyInit(&key, kName, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(query->bucket));
  Relation const buckets = table_open(tables.bucket, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(buckets, tables.bucket_key, true, nullptr, 1, &key);
  HeapTuple const row = systable_getnext(scan);
  if (HeapTupleIsValid(row)) {
    TupleDesc const desc = RelationGetDescr(buckets);
    query->parameters = TextList(Value(row, kParameterNames, desc));
    query->profile = Text(row, kProfile, desc);
  }
  systable_endscan(scan);
  table_close(buckets, AccessShareLock);
  return query->profile != nullptr;
}

List* ReadQueries(Oid relation) {
  DefinitionTables const tables = FindTables();
  if (!OidIsValid(tables.bucket) || !OidIsValid(tables.query)) return NIL;
  List* queries = NIL;
  ScanKeyData key;
  ScanKeyInit(&key, kRelation, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
  Relation const table = table_open(tables.query, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(table, tables.query_index, true, nullptr, 1, &key);
  while (HeapTuple const row = systable_getnext(scan)) {
    TupleDesc const desc = RelationGetDescr(table);
    auto* const query = static_cast<DefinedQuery*>(palloc0(sizeof(DefinedQuery)));
    query->bucket = Text(row, kBucket, desc);
    query->ordinal = DatumGetInt32(Value(row, kOrdinal, desc));
    query->text = Text(row, kQuery, desc);
    queries = lappend(queries, query);
  }
  systable_endscan(scan);
  table_close(table, AccessShareLock);
  List* complete = NIL;
  ListCell* cell;
  foreach (cell, queries) {
    auto* const query = static_cast<DefinedQuery*>(lfirst(cell));
    if (ReadBucket(tables, query)) complete = lappend(complete, query);
  }
  return complete;
}

struct CompileRequest {
  Relation relation;
  const DefinedQuery* definition;
  Bitmapset* primary_key;
  CompiledQuery* result;
};

void CompileRequested(void* arg) {
  auto* const r = static_cast<CompileRequest*>(arg);
  r->result =
      CompileQuery(r->relation, r->definition->text, r->definition->parameters, r->primary_key);
}

Output ToOutput(const CompiledOutput* from) {
  return {.key = from->key, .attnum = from->attnum, .expr = from->expr, .type = from->type};
}

QueryPlan MakePlan(Relation relation, const DefinedQuery* definition, Bitmapset* primary_key,
                   Bitmapset* phi) {
  QueryPlan plan;
  plan.bucket = definition->bucket;
  plan.ordinal = definition->ordinal;
  // A profile that only a newer library knows grants nothing here.
  const Profile* const profile = FindProfile(definition->profile);
  if (profile == nullptr) {
    plan.refused_sqlstate = sqlstate::kUndefinedObject;
    return plan;
  }
  CompileRequest request{relation, definition, primary_key, nullptr};
  plan.refused_sqlstate = pg::SurviveInputError(CompileRequested, &request);
  if (plan.refused_sqlstate != nullptr) return plan;
  const CompiledQuery* const query = request.result;
  plan.type = query->type;
  if (FindExposure(*profile, phi, query, primary_key).part != Exposure::Part::kNone) {
    plan.refused_sqlstate = sqlstate::kInsufficientPrivilege;
    return plan;
  }
  ListCell* cell;
  foreach (cell, query->outputs) {
    const auto* const output = static_cast<CompiledOutput*>(lfirst(cell));
    if (IsWithheld(*profile, phi, output)) {
      plan.withholds = true;
    } else {
      plan.outputs.push_back(ToOutput(output));
    }
  }
  plan.id = ToOutput(query->id);
  foreach (cell, query->parameters) {
    const auto* const bound = static_cast<CompiledOutput*>(lfirst(cell));
    plan.parameters.push_back(
        {.name = bound->key,
         .sources = {{.attnum = bound->attnum, .elements = false, .type = bound->type}}});
  }
  plan.filter = query->filter;
  return plan;
}

}  // namespace

RelationPlan CompileRelation(Relation relation, const std::vector<std::string>* buckets) {
  RelationPlan plan;
  plan.relation = RelationGetRelid(relation);
  List* const definitions = pg::Call([&] { return ReadQueries(plan.relation); });
  if (definitions == NIL) return plan;
  List* const key = pg::Call([&] { return PrimaryKey(relation); });
  Bitmapset* const key_set = pg::Call([&] { return AsSet(key); });
  Bitmapset* const phi = PhiColumns(plan.relation);
  ListCell* cell;
  foreach (cell, key) plan.primary_key.push_back(static_cast<AttrNumber>(lfirst_int(cell)));
  foreach (cell, definitions) {
    const auto* const definition = static_cast<DefinedQuery*>(lfirst(cell));
    if (buckets != nullptr &&
        std::find(buckets->begin(), buckets->end(), definition->bucket) == buckets->end()) {
      continue;
    }
    plan.queries.push_back(MakePlan(relation, definition, key_set, phi));
  }
  std::sort(plan.queries.begin(), plan.queries.end(), [](const QueryPlan& a, const QueryPlan& b) {
    return a.bucket != b.bucket ? a.bucket < b.bucket : a.ordinal < b.ordinal;
  });
  return plan;
}

}  // namespace phisync::sync
