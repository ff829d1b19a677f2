#include "sync/consumer.h"

#include "core/object_name.h"
#include "pg/boundary.h"
#include "pg/catalog.h"

namespace phisync::sync {
namespace {

// Columns of phisync.consumer, in the order of extension/22_consumers.sql.
enum ConsumerColumn { kName = 1, kRole, kBuckets };

// What the catalogs say, in memory that outlives the transaction.
struct Registration {
  bool found;
  bool is_member;
  const char* role;  // its name; null: dropped
  const char* user;
  bool all;
  char** buckets;
  int n;
};

void CopyBuckets(Datum array, MemoryContext memory, Registration* r) {
  Datum* elements;
  deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr,
                    &r->n);
  r->buckets = static_cast<char**>(
      MemoryContextAlloc(memory, sizeof(char*) * static_cast<Size>(Max(r->n, 1))));
  for (int i = 0; i < r->n; i++) {
    r->buckets[i] = MemoryContextStrdup(memory, TextDatumGetCString(elements[i]));
  }
}

void ReadRegistration(const char* name, MemoryContext memory, Registration* r) {
  Oid const schema = get_namespace_oid("phisync", true);
  Oid const table = OidIsValid(schema) ? get_relname_relid("consumer", schema) : InvalidOid;
  if (!OidIsValid(table)) return;
  ScanKeyData key;
  ScanKeyInit(&key, kName, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(name));
  Relation const consumers = table_open(table, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(consumers, get_relname_relid("consumer_pkey", schema),
                                              true, nullptr, 1, &key);
  HeapTuple const row = systable_getnext(scan);
  if (HeapTupleIsValid(row)) {
    TupleDesc const desc = RelationGetDescr(consumers);
    bool isnull;
    Oid const role = DatumGetObjectId(heap_getattr(row, kRole, desc, &isnull));
    const char* const role_name = GetUserNameFromId(role, true);
    Oid const user = GetAuthenticatedUserId();
    r->found = true;
    r->role = role_name != nullptr ? MemoryContextStrdup(memory, role_name) : nullptr;
    r->user = MemoryContextStrdup(memory, GetUserNameFromId(user, false));
    r->is_member = role_name != nullptr && is_member_of_role_nosuper(user, role);
    Datum const buckets = heap_getattr(row, kBuckets, desc, &isnull);
    r->all = isnull;
    if (!isnull) CopyBuckets(buckets, memory, r);
  }
  systable_endscan(scan);
  table_close(consumers, AccessShareLock);
}

Registration Read(const char* name) {
  Registration r{};
  MemoryContext const memory = CurrentMemoryContext;
  bool const own_transaction = !IsTransactionState();
  if (own_transaction) StartTransactionCommand();
  ReadRegistration(name, memory, &r);
  if (own_transaction) CommitTransactionCommand();
  MemoryContextSwitchTo(memory);
  return r;
}

}  // namespace

ConsumerGrant CheckConsumer(std::string_view name) {
  CheckObjectName("consumer", name);
  const std::string text(name);
  const Registration r = pg::Call([&] { return Read(text.c_str()); });
  if (!r.found) {
    throw Error(sqlstate::kUndefinedObject, "consumer \"" + text + "\" is not registered",
                "The stream is served to registered consumers alone.",
                "SELECT phisync.create_consumer('" + text + "', 'role');");
  }
  if (r.role == nullptr) {
    throw Error(sqlstate::kInsufficientPrivilege,
                "the role of consumer \"" + text + "\" does not exist any more",
                "The stream is served to members of that role alone.",
                "SELECT phisync.drop_consumer('" + text + "'); and register it again.");
  }
  if (!r.is_member) {
    throw Error(sqlstate::kInsufficientPrivilege, "permission denied for consumer \"" + text + "\"",
                "User \"" + std::string(r.user) + "\" is not a member of its role \"" + r.role +
                    "\"; being a superuser does not count.",
                "GRANT \"" + std::string(r.role) + "\" TO \"" + r.user + "\";");
  }
  ConsumerGrant grant;
  if (!r.all) grant.buckets.emplace(r.buckets, r.buckets + r.n);
  return grant;
}

}  // namespace phisync::sync
