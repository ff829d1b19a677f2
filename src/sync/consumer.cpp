#include "sync/consumer.h"

#include "core/object_name.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/client.h"

namespace phisync::sync {
namespace {

// Columns of phisync.consumer, in the order of extension/22_consumers.sql.
enum ConsumerColumn { kName = 1, kRole, kBuckets, kRequireTls, kNetworks };

// What the catalogs say, in memory that outlives the transaction.
struct Registration {
  bool found;
  bool require_tls;
  bool in_networks;     // the client is, or there is no restriction
  const char* role;     // its name; null: dropped
  const char* refused;  // the login or the current user if one is not a member, else null
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

// False without an address, as over a unix socket.
bool IsWithin(const char* address, Datum networks) {
  if (*address == '\0') return false;
  Datum const client = DirectFunctionCall1(inet_in, CStringGetDatum(address));
  Datum* elements;
  int n;
  deconstruct_array(DatumGetArrayTypeP(networks), CIDROID, -1, false, TYPALIGN_INT, &elements,
                    nullptr, &n);
  for (int i = 0; i < n; i++) {
    if (DatumGetBool(DirectFunctionCall2(network_subeq, client, elements[i]))) return true;
  }
  return false;
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
    r->found = true;
    r->role = role_name != nullptr ? MemoryContextStrdup(memory, role_name) : nullptr;
    // Neither SET ROLE nor a function of a member's gives the right, and SET ROLE takes it away.
    for (const Oid user : {GetAuthenticatedUserId(), GetUserId()}) {
      if (role_name == nullptr || is_member_of_role_nosuper(user, role)) continue;
      r->refused = MemoryContextStrdup(memory, GetUserNameFromId(user, false));
      break;
    }
    r->require_tls = DatumGetBool(heap_getattr(row, kRequireTls, desc, &isnull));
    Datum const buckets = heap_getattr(row, kBuckets, desc, &isnull);
    r->all = isnull;
    if (!isnull) CopyBuckets(buckets, memory, r);
    Datum const networks = heap_getattr(row, kNetworks, desc, &isnull);
    r->in_networks = isnull || IsWithin(pg::CurrentClient().address, networks);
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

void CheckConnection(const std::string& consumer, const Registration& r) {
  const pg::Client client = pg::CurrentClient();
  if (r.require_tls && !client.tls) {
    throw Error(
        sqlstate::kInsufficientPrivilege, "consumer \"" + consumer + "\" is served over TLS alone",
        "This connection is not encrypted with TLS.", "Connect over TCP with sslmode=verify-full.");
  }
  if (!r.in_networks) {
    const std::string where =
        *client.address == '\0' ? "The connection comes over a unix socket, which has no address."
                                : "The connection comes from " + std::string(client.address) + '.';
    throw Error(sqlstate::kInsufficientPrivilege,
                "consumer \"" + consumer + "\" is not served at this address", where,
                "Connect over TCP from one of the consumer's networks, or let an officer change "
                "them: SELECT phisync.alter_consumer('" +
                    consumer + "', networks => '{...}');");
  }
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
                "SELECT phisync.alter_consumer('" + text + "', role => 'role');");
  }
  if (r.refused != nullptr) {
    throw Error(sqlstate::kInsufficientPrivilege, "permission denied for consumer \"" + text + "\"",
                "User \"" + std::string(r.refused) + "\" is not a member of its role \"" + r.role +
                    "\"; being a superuser does not count.",
                "GRANT \"" + std::string(r.role) + "\" TO \"" + r.refused + "\";");
  }
  CheckConnection(text, r);
  ConsumerGrant grant;
  if (!r.all) grant.buckets.emplace(r.buckets, r.buckets + r.n);
  return grant;
}

}  // namespace phisync::sync
