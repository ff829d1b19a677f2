// phisync.create_bucket, alter_bucket and drop_bucket.

#include "core/object_name.h"
#include "pg/text.h"
#include "sync/defined.h"
#include "sync/parameters.h"
#include "sync/parameters_servable.h"
#include "sync/policy.h"
#include "sync/sensitivity.h"
#include "sync/servable.h"
#include "sync/stored_parameters.h"
#include "sync/surrogates_missing.h"
#include "sync/target.h"

namespace phisync::sync {
namespace {

// Rows of phisync.bucket and phisync.bucket_query are short, because logical decoding cannot rely
// on the TOAST values of a definition that is gone.
constexpr int kMaxQueryBytes = 7000;
constexpr int kMaxParametersBytes = 4000;
constexpr int kMaxParameters = 16;

// A definition on its way into the tables.
struct Definition {
  DefinedBucket bucket;
  // The parameters query as it is to be read: the bucket's text is as it was written, and names in
  // it may have changed since. Null: global.
  const char* parameters;
  Query* parameters_query;
  List* queries;  // DefinedQuery; one that is new has no relation yet
  List* columns;  // List of String, one a query: the columns that it names
};

void CheckLength(const char* what, const char* text, int limit) {
  if (strlen(text) <= static_cast<size_t>(limit)) return;
  ereport(ERROR,
          (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
           errmsg("%s of a bucket is longer than %d bytes", what, limit),
           errdetail("Definitions are read while changes are decoded and must fit into one page."),
           errhint("Shorten it, or split it into several buckets.")));
}

// Checks the parameters query and fills in what the bucket has from it; gives BucketParameter.
List* CheckParameters(Definition* definition) {
  DefinedBucket* const bucket = &definition->bucket;
  bucket->parameter_names = NIL;
  if (bucket->parameters == nullptr) return NIL;
  if (definition->parameters == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("the parameters query of bucket \"%s\" is lost", bucket->name),
                    errdetail("What it read was dropped, or it was not restored with the bucket."),
                    errhint("Give parameters => the query anew.")));
  }
  CheckLength("the parameters query", bucket->parameters, kMaxParametersBytes);
  List* const parameters = AnalyseParameters(definition->parameters, &definition->parameters_query);
  if (list_length(parameters) > kMaxParameters) {
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("a bucket cannot have more than %d parameters", kMaxParameters),
                    errdetail("The parameters query outputs %d columns.", list_length(parameters)),
                    errhint("Select only the columns that data queries use as bucket.name.")));
  }
  ListCell* cell;
  foreach (cell, parameters) {
    bucket->parameter_names =
        lappend(bucket->parameter_names,
                makeString(pstrdup(static_cast<BucketParameter*>(lfirst(cell))->name)));
  }
  return parameters;
}

// The built-in profile that lets everything out.
constexpr const char* kFull = "full";

// Error 42704 if there is none of that name.
void RequireProfile(const char* profile) {
  profiles::Require(profile);
}

// Until the transaction ends no profile changes: a definition is checked against the profile as it
// is, and a change of a profile against the definitions that there are. Taken before any table is
// locked, as changes of profiles do.
void LockProfiles() {
  LockRelationOid(get_relname_relid("profile", get_namespace_oid("phisync", false)),
                  RowExclusiveLock);
}

// A profile withholds only what somebody has tagged.
void WarnIfUntagged(Relation table) {
  if (!IsUntagged(RelationGetRelid(table))) return;
  const char* const name = QualifiedName(table);
  ereport(WARNING,
          (errmsg("table \"%s\" has no tag and is sent whole", RelationGetRelationName(table)),
           errdetail("What nobody has tagged counts as free of PHI."),
           errhint("SELECT phisync.tag(%1$s, 'phi'); and classify its columns, or, if it holds no "
                   "PHI: SELECT phisync.tag(%1$s, 'none');",
                   quote_literal_cstr(name))));
}

// Checks one data query against its table, which stays locked, and notes the table. Gives the
// columns that it names.
List* CheckDataQuery(DefinedQuery* query, List* parameters, const char* profile) {
  CheckLength("a data query", query->text, kMaxQueryBytes);
  const RangeVar* const from = TableOfQuery(query->text);
  Relation const table =
      OidIsValid(query->relation) ? OpenStoredTarget(query->relation, from) : OpenTarget(from);
  const CompiledQuery* const compiled =
      RequireServable(table, query->text, query->of->parameter_names, profile);
  ListCell* bound;
  ListCell* declared;
  forboth(bound, compiled->parameters, declared, parameters) {
    ListCell* source;
    foreach (source, static_cast<CompiledParameter*>(lfirst(bound))->sources) {
      CheckComparable(table, static_cast<CompiledSource*>(lfirst(source)),
                      static_cast<BucketParameter*>(lfirst(declared)));
    }
  }
  query->relation = RelationGetRelid(table);
  if (strcmp(profile, kFull) != 0) WarnIfUntagged(table);
  WarnIfNotMade(table, profile);
  table_close(table, NoLock);
  return compiled->columns;
}

// The caller's rights count for the whole definition, and he becomes its definer.
void Check(Definition* definition) {
  const char* const profile = definition->bucket.profile;
  RequireProfile(profile);
  List* const parameters = CheckParameters(definition);
  if (definition->parameters_query != nullptr) {
    RequireParametersServable(definition->parameters_query, profile);
  }
  if (definition->queries == NIL) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_OBJECT_DEFINITION), errmsg("a bucket needs a data query"),
             errdetail("Without one, it would never hold a row."),
             errhint("data => ARRAY['SELECT ... FROM ... WHERE ...']")));
  }
  ListCell* cell;
  foreach (cell, definition->queries) {
    definition->columns =
        lappend(definition->columns,
                CheckDataQuery(static_cast<DefinedQuery*>(lfirst(cell)), parameters, profile));
  }
  definition->bucket.definer = GetUserId();
}

void StoreQueries(const Definition& definition) {
  ListCell* cell;
  ListCell* columns;
  forboth(cell, definition.queries, columns, definition.columns) {
    InsertQuery(static_cast<DefinedQuery*>(lfirst(cell)), static_cast<List*>(lfirst(columns)));
  }
  InvalidateTargets(definition.queries);
}

void KeepParameters(const Definition& definition) {
  if (definition.parameters_query == nullptr) {
    DropParameters(definition.bucket.name);
  } else {
    StoreParameters(definition.bucket.name, definition.parameters_query);
  }
}

List* JustName(const char* name) {
  return list_make1(makeString(pstrdup(name)));
}

void RequireNewName(const char* name) {
  if (FindBucket(name) != nullptr) {
    ereport(ERROR,
            (errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("bucket \"%s\" exists already", name),
             errdetail("Devices hold data under its name."),
             errhint("SELECT phisync.alter_bucket('%s', ...); or choose another name.", name)));
  }
  List* const consumers = ConsumersGranted(name);
  if (consumers != NIL) {
    const char* const consumer = strVal(linitial(consumers));
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_IN_USE),
             errmsg("consumer \"%s\" is granted a bucket \"%s\" that was dropped", consumer, name),
             errdetail("The new bucket would be granted to it unseen."),
             errhint("Take the name out of the consumer's buckets first, or choose another "
                     "name.")));
  }
}

void CreateBucket(Definition* definition) {
  LockProfiles();
  Check(definition);
  RequireNewName(definition->bucket.name);
  InsertBucket(&definition->bucket);
  KeepParameters(*definition);
  StoreQueries(*definition);
  RecordPolicyChange("bucket created", JustName(definition->bucket.name), NIL);
}

DefinedBucket* RequireBucket(const char* name) {
  DefinedBucket* const bucket = FindBucket(name);
  if (bucket == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("bucket \"%s\" does not exist", name),
                    errdetail("No bucket of that name is defined in this database."),
                    errhint("SELECT name FROM phisync.buckets; lists those that are.")));
  }
  return bucket;
}

// The bucket as it is once its tables are locked, so that no writer straddles the change of its
// definition and no other definer changes it.
DefinedBucket* LockBucket(const char* name) {
  InvalidateTargets(QueriesOf(RequireBucket(name)));
  return RequireBucket(name);
}

void DropBucket(const char* name, bool cascade) {
  const DefinedBucket* const bucket = LockBucket(name);
  List* const consumers = cascade ? NIL : ConsumersGranted(name);
  if (consumers != NIL) {
    const char* const consumer = strVal(linitial(consumers));
    ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                    errmsg("bucket \"%s\" is granted to consumer \"%s\" by name", name, consumer),
                    errdetail("What the consumer holds of it leaves when it is dropped."),
                    errhint("SELECT phisync.drop_bucket('%s', cascade => true);", name)));
  }
  List* const clears = ClearsOf(QueriesOf(bucket), "policy");
  DeleteBucket(name);
  RecordPolicyChange("bucket dropped", NIL, clears);
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

// DefinedQuery for each text, numbered from 0.
List* NewQueries(const DefinedBucket* bucket, ArrayType* texts) {
  Datum* elements;
  bool* nulls;
  int n;
  deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
  List* queries = NIL;
  for (int i = 0; i < n; i++) {
    if (nulls[i]) {
      ereport(ERROR,
              (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a data query cannot be null"),
               errdetail("Element %d of the array is null.", i + 1),
               errhint("Leave the element out.")));
    }
    auto* const query = static_cast<DefinedQuery*>(palloc(sizeof(DefinedQuery)));
    *query = {bucket, i, InvalidOid, TextDatumGetCString(elements[i])};
    queries = lappend(queries, query);
  }
  return queries;
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
  Definition definition{};
  definition.bucket.name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  definition.bucket.parameters = PG_ARGISNULL(2) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(2));
  definition.parameters = definition.bucket.parameters;
  definition.bucket.profile = text_to_cstring(PG_GETARG_TEXT_PP(3));
  definition.bucket.priority = CheckedPriority(PG_GETARG_INT32(4));
  definition.queries = NewQueries(&definition.bucket, PG_GETARG_ARRAYTYPE_P(1));
  CreateBucket(&definition);
  PG_RETURN_VOID();
}

// (name text, data text[], parameters text, profile text, priority integer); null keeps what is
PHISYNC_FUNCTION(phisync_alter_bucket) {
  using namespace phisync::sync;
  RequireArgument(PG_ARGISNULL(0), "name");
  const char* const name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  LockProfiles();
  const DefinedBucket* const old = LockBucket(name);
  List* const old_queries = QueriesOf(old);
  Definition definition{};
  definition.bucket = *old;
  definition.parameters = StoredParametersText(name);
  if (!PG_ARGISNULL(2)) {
    const char* const parameters = text_to_cstring(PG_GETARG_TEXT_PP(2));
    definition.bucket.parameters = *parameters == '\0' ? nullptr : parameters;
    definition.parameters = definition.bucket.parameters;
  }
  if (!PG_ARGISNULL(3)) definition.bucket.profile = text_to_cstring(PG_GETARG_TEXT_PP(3));
  if (!PG_ARGISNULL(4)) definition.bucket.priority = CheckedPriority(PG_GETARG_INT32(4));
  if (PG_ARGISNULL(1)) {
    definition.queries = old_queries;
    ListCell* cell;
    foreach (cell, definition.queries) {
      static_cast<DefinedQuery*>(lfirst(cell))->of = &definition.bucket;
    }
  } else {
    definition.queries = NewQueries(&definition.bucket, PG_GETARG_ARRAYTYPE_P(1));
  }
  Check(&definition);
  UpdateBucket(&definition.bucket);
  KeepParameters(definition);
  ListCell* cell;
  foreach (cell, old_queries) DeleteQuery(static_cast<DefinedQuery*>(lfirst(cell)));
  StoreQueries(definition);
  bool const same_rows = PG_ARGISNULL(1) && PG_ARGISNULL(2) && PG_ARGISNULL(3);
  if (!same_rows) RecordPolicyChange("bucket altered", JustName(name), NIL);
  PG_RETURN_VOID();
}

// (name text, cascade boolean), strict
PHISYNC_FUNCTION(phisync_drop_bucket) {
  phisync::sync::DropBucket(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_BOOL(1));
  PG_RETURN_VOID();
}
