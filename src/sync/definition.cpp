// phisync.create_bucket and phisync.drop_bucket: the only writers of the definition tables.

#include "core/object_name.h"
#include "core/profile.h"
#include "pg/text.h"
#include "sync/owner.h"
#include "sync/parameters.h"
#include "sync/servable.h"
#include "sync/stored_parameters.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

// Rows of phisync.bucket and phisync.bucket_query are short, because logical decoding cannot rely
// on the TOAST values of a definition that is gone.
constexpr int kMaxQueryBytes = 7000;
constexpr int kMaxParametersBytes = 4000;
constexpr int kMaxParameters = 16;

struct Definition {
  Datum name;
  Datum parameters;  // text, or null:
  bool global;
  List* parameter_list;  // BucketParameter
  Query* parameters_query;
  List* queries;    // char*
  List* relations;  // Oid, one a query
  List* columns;    // List of String, one a query: the columns that it names
  int16 priority;
};

void CheckLength(const char* what, const char* text, int limit) {
  if (strlen(text) <= static_cast<size_t>(limit)) return;
  ereport(ERROR,
          (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
           errmsg("%s of a bucket is longer than %d bytes", what, limit),
           errdetail("Definitions are read while changes are decoded and must fit into one page."),
           errhint("Shorten it, or split it into several buckets.")));
}

// Checks one data query against its table, which stays locked; adds both to the definition.
void CheckDataQuery(const char* text, Definition* definition, List* parameter_names,
                    const Profile& profile) {
  CheckLength("a data query", text, kMaxQueryBytes);
  Relation const table = OpenTarget(TableOfQuery(text));
  const CompiledQuery* const query = RequireServable(table, text, parameter_names, profile);
  ListCell* bound;
  ListCell* declared;
  forboth(bound, query->parameters, declared, definition->parameter_list) {
    ListCell* source;
    foreach (source, static_cast<CompiledParameter*>(lfirst(bound))->sources) {
      CheckComparable(table, static_cast<CompiledSource*>(lfirst(source)),
                      static_cast<BucketParameter*>(lfirst(declared)));
    }
  }
  definition->relations = lappend_oid(definition->relations, RelationGetRelid(table));
  definition->columns = lappend(definition->columns, query->columns);
  table_close(table, NoLock);
}

List* TextElements(ArrayType* array, const char* what) {
  Datum* elements;
  bool* nulls;
  int n;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
  List* list = NIL;
  for (int i = 0; i < n; i++) {
    if (nulls[i]) {
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s cannot be null", what),
                      errdetail("Element %d of the array is null.", i + 1),
                      errhint("Leave the element out.")));
    }
    list = lappend(list, TextDatumGetCString(elements[i]));
  }
  return list;
}

// The extension's tables are written as their owner, whoever defines.
template <typename Fn>
void AsExtensionOwner(Fn fn) {
  AsOwnerOf(get_relname_relid("bucket", get_namespace_oid("phisync", false)), fn);
}

bool BucketExists(Datum name) {
  const Oid types[] = {TEXTOID};
  Execute("SELECT 1 FROM phisync.bucket WHERE name OPERATOR(pg_catalog.=) $1", 1, types, &name,
          nullptr);
  return SPI_processed > 0;
}

Datum NameArray(List* names) {
  auto* const elements =
      static_cast<Datum*>(palloc(sizeof(Datum) * (static_cast<Size>(list_length(names)) + 1)));
  int n = 0;
  ListCell* cell;
  foreach (cell, names) {
    auto* const name = static_cast<NameData*>(palloc(NAMEDATALEN));
    namestrcpy(name, strVal(lfirst(cell)));
    elements[n++] = NameGetDatum(name);
  }
  return PointerGetDatum(construct_array(elements, n, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

void Store(const Definition& definition, List* parameter_names, Datum profile) {
  Oid const definer = GetUserId();
  AsExtensionOwner([&] {
    if (BucketExists(definition.name)) {
      ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
                      errmsg("bucket \"%s\" exists already", TextDatumGetCString(definition.name)),
                      errdetail("Devices hold data under its name."),
                      errhint("SELECT phisync.drop_bucket('%s'); first, or choose another name.",
                              TextDatumGetCString(definition.name))));
    }
    Datum names[kMaxParameters];
    int n = 0;
    ListCell* cell;
    foreach (cell, parameter_names) names[n++] = CStringGetTextDatum(strVal(lfirst(cell)));
    const Oid types[] = {TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID, INT2OID, REGROLEOID};
    const Datum values[] = {
        definition.name,
        definition.parameters,
        PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT)),
        profile,
        Int16GetDatum(definition.priority),
        ObjectIdGetDatum(definer)};
    const char nulls[] = {' ', definition.global ? 'n' : ' ', ' ', ' ', ' ', ' ', '\0'};
    Execute(
        "INSERT INTO phisync.bucket (name, parameters, parameter_names, profile, priority, definer)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        6, types, values, nulls);
    if (!definition.global) {
      StoreParameters(TextDatumGetCString(definition.name), definition.parameters_query);
    }
    ListCell* relation;
    ListCell* columns;
    int ordinal = 0;
    forthree(cell, definition.queries, relation, definition.relations, columns,
             definition.columns) {
      const Oid query_types[] = {TEXTOID, INT4OID, REGCLASSOID, TEXTOID, NAMEARRAYOID};
      const Datum query_values[] = {definition.name, Int32GetDatum(ordinal++),
                                    ObjectIdGetDatum(lfirst_oid(relation)),
                                    CStringGetTextDatum(static_cast<char*>(lfirst(cell))),
                                    NameArray(static_cast<List*>(lfirst(columns)))};
      Execute(
          "INSERT INTO phisync.bucket_query (bucket, ordinal, relation, query, columns) VALUES "
          "($1, $2, $3, $4, $5)",
          5, query_types, query_values, nullptr);
    }
  });
  ListCell* relation;
  foreach (relation, definition.relations) InvalidateTarget(lfirst_oid(relation));
}

void CreateBucket(Definition* definition, const Profile& profile, Datum profile_name) {
  List* parameter_names = NIL;
  ListCell* cell;
  if (!definition->global) {
    const char* const select = TextDatumGetCString(definition->parameters);
    CheckLength("the parameters query", select, kMaxParametersBytes);
    definition->parameter_list = AnalyseParameters(select, &definition->parameters_query);
    foreach (cell, definition->parameter_list) {
      parameter_names = lappend(
          parameter_names, makeString(pstrdup(static_cast<BucketParameter*>(lfirst(cell))->name)));
    }
    if (list_length(parameter_names) > kMaxParameters) {
      ereport(ERROR,
              (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
               errmsg("a bucket cannot have more than %d parameters", kMaxParameters),
               errdetail("The parameters query outputs %d columns.", list_length(parameter_names)),
               errhint("Select only the columns that data queries use as bucket.name.")));
    }
  }
  if (definition->queries == NIL) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), errmsg("a bucket needs a data query"),
             errdetail("Without one, it would never hold a row."),
             errhint("data => ARRAY['SELECT ... FROM ... WHERE ...']")));
  }
  foreach (cell, definition->queries) {
    CheckDataQuery(static_cast<char*>(lfirst(cell)), definition, parameter_names, profile);
  }
  Store(*definition, parameter_names, profile_name);
}

void DropBucket(Datum name) {
  // Collected in memory that outlives SPI_finish.
  MemoryContext const memory = CurrentMemoryContext;
  List* relations = NIL;
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID};
    if (!BucketExists(name)) {
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                      errmsg("bucket \"%s\" does not exist", TextDatumGetCString(name)),
                      errdetail("No bucket of that name is defined in this database."),
                      errhint("SELECT name FROM phisync.buckets; lists those that are.")));
    }
    Execute(
        "SELECT name FROM phisync.consumer WHERE $1 OPERATOR(pg_catalog.=) ANY (buckets) ORDER BY "
        "name",
        1, types, &name, nullptr);
    if (SPI_processed > 0) {
      const char* const consumer = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
      ereport(ERROR,
              (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
               errmsg("bucket \"%s\" is granted to consumer \"%s\" by name",
                      TextDatumGetCString(name), consumer),
               errdetail("A bucket that is made later under the same name would be granted, too."),
               errhint("SELECT phisync.drop_consumer('%s'); first.", consumer)));
    }
    Execute(
        "SELECT DISTINCT relation::oid FROM phisync.bucket_query WHERE bucket "
        "OPERATOR(pg_catalog.=) $1 "
        "ORDER BY 1",
        1, types, &name, nullptr);
    for (uint64 i = 0; i < SPI_processed; i++) {
      bool isnull;
      Datum const oid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
      MemoryContext const inner = MemoryContextSwitchTo(memory);
      relations = lappend_oid(relations, DatumGetObjectId(oid));
      MemoryContextSwitchTo(inner);
    }
    // Before the definition goes, so that no writer straddles the change.
    ListCell* cell;
    foreach (cell, relations) LockRelationOid(lfirst_oid(cell), ShareRowExclusiveLock);
    DropParameters(TextDatumGetCString(name));
    Execute("DELETE FROM phisync.bucket_query WHERE bucket OPERATOR(pg_catalog.=) $1", 1, types,
            &name, nullptr);
    Execute("DELETE FROM phisync.bucket WHERE name OPERATOR(pg_catalog.=) $1", 1, types, &name,
            nullptr);
  });
  ListCell* cell;
  foreach (cell, relations) InvalidateTarget(lfirst_oid(cell));
}

void RequireArgument(bool isnull, const char* name) {
  if (!isnull) return;
  ereport(ERROR,
          (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"%s\" cannot be null", name),
           errdetail("Only parameters may be null, for a bucket that every user gets."),
           errhint("Give %s => a value.", name)));
}

int16 CheckedPriority(int32 priority) {
  if (priority < 0 || priority > 3) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid priority %d of a bucket", priority),
                    errdetail("Devices fetch buckets of priority 0 first, and of 3 last."),
                    errhint("Give a number from 0 to 3.")));
  }
  return static_cast<int16>(priority);
}

}  // namespace
}  // namespace phisync::sync

// (name text, data text[], parameters text, profile text, priority integer)
PHISYNC_FUNCTION(phisync_create_bucket) {
  using namespace phisync::sync;
  constexpr const char* kArguments[] = {"name", "data", nullptr, "profile", "priority"};
  for (int i = 0; i < 5; i++) {
    if (kArguments[i] != nullptr) RequireArgument(PG_ARGISNULL(i), kArguments[i]);
  }
  phisync::CheckObjectName("bucket", phisync::pg::View(PG_GETARG_TEXT_PP(0)));
  const phisync::Profile& profile = phisync::ParseProfile(phisync::pg::View(PG_GETARG_TEXT_PP(3)));
  Definition definition{};
  definition.name = PG_GETARG_DATUM(0);
  definition.global = PG_ARGISNULL(2);
  definition.parameters = definition.global ? Datum{0} : PG_GETARG_DATUM(2);
  definition.queries = TextElements(PG_GETARG_ARRAYTYPE_P(1), "a data query");
  definition.priority = CheckedPriority(PG_GETARG_INT32(4));
  CreateBucket(&definition, profile, PG_GETARG_DATUM(3));
  PG_RETURN_VOID();
}

// (name text), strict
PHISYNC_FUNCTION(phisync_drop_bucket) {
  phisync::sync::DropBucket(PG_GETARG_DATUM(0));
  PG_RETURN_VOID();
}
