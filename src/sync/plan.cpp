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
  Oid relation;
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

// Adds the queries whose table is `relation`.
List* AddQueries(List* queries, const DefinitionTables& tables, Oid relation) {
  ScanKeyData key;
  ScanKeyInit(&key, kRelation, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
  Relation const table = table_open(tables.query, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(table, tables.query_index, true, nullptr, 1, &key);
  while (HeapTuple const row = systable_getnext(scan)) {
    TupleDesc const desc = RelationGetDescr(table);
    auto* const query = static_cast<DefinedQuery*>(palloc0(sizeof(DefinedQuery)));
    query->bucket = Text(row, kBucket, desc);
    query->ordinal = DatumGetInt32(Value(row, kOrdinal, desc));
    query->relation = relation;
    query->text = Text(row, kQuery, desc);
    queries = lappend(queries, query);
  }
  systable_endscan(scan);
  table_close(table, AccessShareLock);
  return queries;
}

// The queries on the relation and on the partitioned tables above it.
List* ReadQueries(Relation relation) {
  DefinitionTables const tables = FindTables();
  if (!OidIsValid(tables.bucket) || !OidIsValid(tables.query)) return NIL;
  List* queries = AddQueries(NIL, tables, RelationGetRelid(relation));
  ListCell* cell;
  if (relation->rd_rel->relispartition) {
    List* const ancestors = get_partition_ancestors(RelationGetRelid(relation));
    foreach (cell, ancestors) queries = AddQueries(queries, tables, lfirst_oid(cell));
  }
  List* complete = NIL;
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
  const DefinedQuery* const definition = r->definition;
  Relation const defined_on = RelationIdGetRelation(definition->relation);
  if (!RelationIsValid(defined_on)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", definition->relation)));
  }
  r->result = CompileQuery(r->relation, defined_on, definition->text, definition->parameters,
                           r->primary_key);
  RelationClose(defined_on);
}

Output ToOutput(const CompiledOutput* from) {
  return {.key = from->key, .attnum = from->attnum, .expr = from->expr, .type = from->type};
}

Parameter ToParameter(const CompiledParameter* from) {
  Parameter parameter{.name = from->name, .sources = {}};
  ListCell* cell;
  foreach (cell, from->sources) {
    const auto* const source = static_cast<CompiledSource*>(lfirst(cell));
    parameter.sources.push_back(
        {.attnum = source->attnum, .elements = source->elements, .type = source->type});
  }
  return parameter;
}

QueryPlan MakePlan(Relation relation, const DefinedQuery* definition, Bitmapset* primary_key,
                   Bitmapset* phi) {
  QueryPlan plan;
  plan.bucket = definition->bucket;
  plan.ordinal = definition->ordinal;
  plan.relation = definition->relation;
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
    plan.parameters.push_back(ToParameter(static_cast<CompiledParameter*>(lfirst(cell))));
  }
  plan.filter = query->filter;
  return plan;
}

}  // namespace

RelationPlan CompileRelation(Relation relation, const std::vector<std::string>* buckets) {
  RelationPlan plan;
  plan.relation = RelationGetRelid(relation);
  List* const definitions = pg::Call([&] { return ReadQueries(relation); });
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
