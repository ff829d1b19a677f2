// phisync.buckets_for: the buckets of a user, found by running parameters queries over the claims
// of the user's token.

#include <cstring>
#include <string>

#include "core/error.h"
#include "core/key_writer.h"
#include "pg/subtransaction.h"
#include "pg/tables.h"
#include "pg/text.h"
#include "reads/trust.h"
#include "sync/encode.h"
#include "sync/owner.h"
#include "sync/parameters_servable.h"
#include "sync/stored_parameters.h"

namespace phisync::sync {
namespace {

constexpr const char* kProgramLimitExceeded = "54000";
constexpr const char* kNullValueNotAllowed = "22004";

// What auth.jwt() gives while parameters queries run; null otherwise.
const Jsonb* current_claims = nullptr;

class WithClaims {
 public:
  explicit WithClaims(const Jsonb* claims) : before_(current_claims) { current_claims = claims; }
  WithClaims(const WithClaims&) = delete;
  WithClaims& operator=(const WithClaims&) = delete;
  ~WithClaims() { current_claims = before_; }

 private:
  const Jsonb* before_;
};

// A definition that the caller may ask about.
struct Definition {
  const char* name;
  const char* profile;
  Datum priority;
  Oid definer;
  bool definer_exists;
  bool global;
  bool granted;
};

// Those named, or with `named` null all that are granted. In CurrentMemoryContext.
List* ReadDefinitions(bool all, Datum named) {
  static constexpr const char* kQuery =
      "SELECT b.name, b.profile, b.priority, b.definer::oid, r.oid IS NOT NULL, b.parameters IS "
      "NULL, "
      "g.granted"
      " FROM phisync.bucket b"
      " LEFT JOIN pg_roles r ON r.oid = b.definer,"
      " LATERAL (SELECT pg_has_role($1, 'phisync_officer', 'MEMBER')"
      "   OR pg_has_role($1, 'phisync_auditor', 'MEMBER')"
      "   OR EXISTS (SELECT FROM phisync.consumer c WHERE pg_has_role($1, c.role, 'MEMBER')"
      "     AND (c.buckets IS NULL OR b.name = ANY (c.buckets))) AS granted) g"
      " WHERE CASE WHEN $2 IS NULL THEN g.granted ELSE b.name = ANY ($2) END"
      " ORDER BY b.name";
  MemoryContext const memory = CurrentMemoryContext;
  Oid const user = GetUserId();
  List* definitions = NIL;
  AsOwnerOf(get_relname_relid("bucket", get_namespace_oid("phisync", false)), [&] {
    Oid types[] = {OIDOID, TEXTARRAYOID};
    Datum values[] = {ObjectIdGetDatum(user), named};
    const char nulls[] = {' ', all ? 'n' : ' ', '\0'};
    if (SPI_execute_with_args(kQuery, 2, types, values, nulls, true, 0) != SPI_OK_SELECT) {
      elog(ERROR, "could not read the definitions of buckets");
    }
    for (uint64 i = 0; i < SPI_processed; i++) {
      HeapTuple const tuple = SPI_tuptable->vals[i];
      auto value = [&](int column) {
        bool isnull;
        return SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, &isnull);
      };
      MemoryContext const inner = MemoryContextSwitchTo(memory);
      auto* const d = static_cast<Definition*>(palloc(sizeof(Definition)));
      *d = {TextDatumGetCString(value(1)), TextDatumGetCString(value(2)), value(3),
            DatumGetObjectId(value(4)),    DatumGetBool(value(5)),        DatumGetBool(value(6)),
            DatumGetBool(value(7))};
      definitions = lappend(definitions, d);
      MemoryContextSwitchTo(inner);
    }
  });
  return definitions;
}

// One run of a parameters query.
struct Run {
  const Query* query;
  Oid definer;
  long limit;
  HeapTuple* rows;  // in the caller's context
  TupleDesc desc;
  uint64 count;
};

void RunQuery(void* arg) {
  auto* const run = static_cast<Run*>(arg);
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(run->definer,
                         context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  const char* const text =
      psprintf("SELECT DISTINCT * FROM (%s) AS parameters", ParametersText(run->query));
  MemoryContext const memory = CurrentMemoryContext;
  SPI_connect();
  if (SPI_execute(text, true, run->limit) != SPI_OK_SELECT) {
    elog(ERROR, "a parameters query gave no rows");
  }
  run->count = SPI_processed;
  MemoryContext const inner = MemoryContextSwitchTo(memory);
  run->rows = static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * (run->count + 1)));
  run->desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
  for (uint64 i = 0; i < run->count; i++) {
    run->rows[i] = heap_copytuple(SPI_tuptable->vals[i]);
  }
  MemoryContextSwitchTo(inner);
  SPI_finish();
  SetUserIdAndSecContext(user, context);
}

// All that the query itself may raise: its message can hold values of tables and claims. What ends
// the statement whatever it does passes.
bool IsAboutQuery(int sqlerrcode) {
  switch (ERRCODE_TO_CATEGORY(sqlerrcode)) {
    case ERRCODE_TRANSACTION_ROLLBACK:
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_OPERATOR_INTERVENTION:
    case ERRCODE_SYSTEM_ERROR:
      return false;
    default:
      return true;
  }
}

class Answer {
 public:
  Answer(ReturnSetInfo* result, int limit) : result_(result), limit_(limit) {}

  void Add(const Definition& definition);

 private:
  void AddParameterized(const Definition& definition);
  void Put(const Definition& definition);

  ReturnSetInfo* result_;
  int limit_;
  int count_ = 0;
  ByteBuffer id_;
};

[[noreturn]] void RefuseBroken(const std::string& bucket, const char* why) {
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              "the parameters query of bucket \"" + bucket + "\" cannot be run", why,
              "Drop the bucket and create it again.");
}

void Answer::Add(const Definition& definition) {
  if (!definition.global) {
    AddParameterized(definition);
    return;
  }
  id_.Clear();
  KeyWriter(id_, definition.name).Finish();
  Put(definition);
}

void Answer::AddParameterized(const Definition& definition) {
  const std::string name = definition.name;
  if (!definition.definer_exists) {
    RefuseBroken(name, "It runs with the rights of its definer, and that role does not exist.");
  }
  Run run{};
  run.query = pg::Call([&] { return ReadParameters(FindParameters(definition.name)); });
  if (run.query == nullptr) {
    RefuseBroken(name, "What it read was dropped, or it was not restored with the definition.");
  }
  // Its tables may have been tagged since it was defined.
  RequireParametersServable(run.query, definition.profile);
  run.definer = definition.definer;
  run.limit = limit_ - count_ + 1;
  const reads::OwnStatements own;
  if (const char* const failure = pg::SurviveError(RunQuery, &run, IsAboutQuery)) {
    throw Error(
        sqlstate::kObjectNotInPrerequisiteState,
        "the parameters query of bucket \"" + name + "\" failed with SQLSTATE " + failure,
        "The server's message is left out: it may hold values of tables and claims.",
        "Run the query in psql as its definer, with this user's claims in place of auth.*.");
  }
  std::vector<ValueEncoder> encoders;
  for (int i = 0; i < run.desc->natts; i++) {
    const Oid type = pg::Call([&] { return getBaseType(TupleDescAttr(run.desc, i)->atttypid); });
    encoders.emplace_back(type, EncodeOptions{}, CurrentMemoryContext);
  }
  for (uint64 i = 0; i < run.count; i++) {
    id_.Clear();
    KeyWriter id(id_, name);
    bool complete = true;
    for (int column = 0; complete && column < run.desc->natts; column++) {
      bool isnull;
      const Datum value =
          pg::Call([&] { return heap_getattr(run.rows[i], column + 1, run.desc, &isnull); });
      complete = !isnull && encoders[static_cast<std::size_t>(column)].Parameter(
                                id.Next(), value) == Encoded::kValue;
    }
    id.Finish();
    if (complete) Put(definition);
  }
}

void Answer::Put(const Definition& definition) {
  if (++count_ > limit_) {
    throw Error(kProgramLimitExceeded,
                "the user has more than " + std::to_string(limit_) + " buckets",
                "Bucket \"" + std::string(definition.name) + "\" passed the limit.",
                "Make the parameters queries narrower, ask for fewer definitions, or raise "
                "max_buckets.");
  }
  pg::Call([&] {
    const Datum values[] = {
        PointerGetDatum(cstring_to_text_with_len(id_.data(), static_cast<int>(id_.size()))),
        CStringGetTextDatum(definition.name), definition.priority};
    const bool nulls[] = {false, false, false};
    tuplestore_putvalues(result_->setResult, result_->setDesc, const_cast<Datum*>(values),
                         const_cast<bool*>(nulls));
  });
}

// Every name that was asked for is a definition that the caller may ask about.
void CheckNames(Datum named, const List* definitions) {
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int n = 0;
  pg::Call([&] {
    deconstruct_array(DatumGetArrayTypeP(named), TEXTOID, -1, false, TYPALIGN_INT, &elements,
                      &nulls, &n);
  });
  for (int i = 0; i < n; i++) {
    const std::string name = nulls[i] ? "NULL" : pg::Call([&] {
      return static_cast<const char*>(TextDatumGetCString(elements[i]));
    });
    const Definition* found = nullptr;
    ListCell* cell;
    foreach (cell, definitions) {
      const auto* const d = static_cast<const Definition*>(lfirst(cell));
      if (!nulls[i] && name == d->name) found = d;
    }
    if (found == nullptr) {
      throw Error(sqlstate::kUndefinedObject, "bucket \"" + name + "\" does not exist",
                  "Buckets are named by their definitions, without parameters.",
                  "SELECT name FROM phisync.buckets; lists those that exist.");
    }
    if (!found->granted) {
      throw Error(sqlstate::kInsufficientPrivilege, "permission denied for bucket \"" + name + "\"",
                  "You are not a member of the role of a consumer that is granted it.",
                  "Ask for fewer buckets, or let an officer grant it to the consumer.");
    }
  }
}

}  // namespace
}  // namespace phisync::sync

// (claims jsonb, buckets text[], max_buckets integer): set of (bucket, definition, priority)
PHISYNC_FUNCTION(phisync_buckets_for) {
  using namespace phisync;
  if (PG_ARGISNULL(0) || PG_ARGISNULL(2)) {
    throw Error(sync::kNullValueNotAllowed, "claims and max_buckets cannot be null",
                "The claims say who the user is.", "Give the payload of the user's token.");
  }
  const Jsonb* const claims = PG_GETARG_JSONB_P(0);
  if (!JB_ROOT_IS_OBJECT(claims)) {
    throw Error(sqlstate::kInvalidParameterValue, "claims must be a JSON object",
                "They are the payload of the user's token.", "Give at least {\"sub\": \"...\"}.");
  }
  const int limit = PG_GETARG_INT32(2);
  if (limit < 1 || limit > 1000000) {
    throw Error(sqlstate::kInvalidParameterValue, "max_buckets must be between 1 and 1000000", {},
                "Leave it out for 1000.");
  }
  InitMaterializedSRF(fcinfo, 0);
  const bool all = PG_ARGISNULL(1);
  const Datum named = all ? Datum{0} : PG_GETARG_DATUM(1);
  const List* const definitions =
      pg::Call([&] { return const_cast<const List*>(sync::ReadDefinitions(all, named)); });
  if (!all) sync::CheckNames(named, definitions);
  const sync::WithClaims with_claims(claims);
  sync::Answer answer(reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo), limit);
  ListCell* cell;
  foreach (cell, definitions) answer.Add(*static_cast<sync::Definition*>(lfirst(cell)));
  return Datum{0};
}

PHISYNC_FUNCTION(phisync_auth_jwt) {
  using namespace phisync;
  if (sync::current_claims == nullptr) {
    throw Error(sqlstate::kObjectNotInPrerequisiteState,
                "there is no user whose claims could be asked for",
                "auth.jwt(), auth.user_id() and auth.parameter() are known in parameters queries.",
                "SELECT * FROM phisync.buckets_for('{\"sub\": \"...\"}');");
  }
  PG_RETURN_JSONB_P(const_cast<Jsonb*>(sync::current_claims));
}
