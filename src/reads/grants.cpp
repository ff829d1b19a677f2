#include "reads/grants.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/permissions.h"

namespace phisync::reads {
namespace {

constexpr int kRole = 1;
constexpr int kKind = 2;
constexpr int kPurposes = 3;

struct Grant {
  Oid role = InvalidOid;
  ReadKinds kinds;
  std::vector<std::string> purposes;  // empty: any, declared or not
};

// What one role has.
struct Granted {
  ReadKinds always;
  std::vector<std::size_t> for_purposes;  // indexes into `grants`
};

struct Cache {
  Oid table = InvalidOid;
  std::vector<Grant> grants;
  std::unordered_map<Oid, Granted> roles;
  // The one asked for last, most often the session's; null if none.
  Oid last_role = InvalidOid;
  const Granted* last = nullptr;
};
Cache* cache = nullptr;
bool grants_fresh = false;
bool roles_fresh = false;

// May come in the middle of a refresh: marks, frees nothing.
void OnRelcacheChange(Datum, Oid relation) {
  if (cache != nullptr && (relation == InvalidOid || relation == cache->table)) {
    grants_fresh = false;
  }
}

void OnRoleChange(Datum, int, uint32) {
  roles_fresh = false;
}

Oid GrantTable() {
  const Oid schema = get_namespace_oid("phisync", true);
  return OidIsValid(schema) ? get_relname_relid("read_grant", schema) : InvalidOid;
}

// One row, in palloc'd memory.
struct Row {
  Oid role;
  const char* kind;
  const char** purposes;
  int purpose_count;  // -1: null
};

Row ReadRow(HeapTuple tuple, TupleDesc desc) {
  Row row = {};
  bool null = false;
  row.role = DatumGetObjectId(heap_getattr(tuple, kRole, desc, &null));
  row.kind = TextDatumGetCString(heap_getattr(tuple, kKind, desc, &null));
  const Datum purposes = heap_getattr(tuple, kPurposes, desc, &null);
  if (null) {
    row.purpose_count = -1;
    return row;
  }
  Datum* texts = nullptr;
  bool* nulls = nullptr;
  deconstruct_array(DatumGetArrayTypeP(purposes), TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls,
                    &row.purpose_count);
  row.purposes = static_cast<const char**>(palloc(sizeof(char*) * (row.purpose_count + 1)));
  for (int i = 0; i < row.purpose_count; ++i) {
    row.purposes[i] = nulls[i] ? "" : TextDatumGetCString(texts[i]);
  }
  return row;
}

// In the catalogs' snapshot, which sees what is committed now even where the transaction's does
// not.
List* ReadRows(Oid table) {
  List* rows = NIL;
  Relation relation = table_open(table, AccessShareLock);
  SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    auto* row = static_cast<Row*>(palloc(sizeof(Row)));
    *row = ReadRow(tuple, RelationGetDescr(relation));
    rows = lappend(rows, row);
  }
  systable_endscan(scan);
  table_close(relation, AccessShareLock);
  return rows;
}

bool ReadGrants() {
  const Oid table = pg::Call([] { return GrantTable(); });
  if (!OidIsValid(table)) return false;
  cache->table = table;
  roles_fresh = false;
  cache->grants.clear();
  const List* rows = pg::Call([&] { return ReadRows(table); });
  for (int i = 0; i < list_length(rows); ++i) {
    const Row& row = *static_cast<const Row*>(list_nth(rows, i));
    Grant grant;
    grant.role = row.role;
    try {
      grant.kinds = KindsOf(row.kind);
    } catch (const Error&) {
      continue;  // of another version: grants nothing here
    }
    for (int p = 0; p < row.purpose_count; ++p) grant.purposes.emplace_back(row.purposes[p]);
    // No purpose at all is not any purpose.
    if (row.purpose_count != 0) cache->grants.push_back(std::move(grant));
  }
  return true;
}

// Whether this database has grants, now read.
bool Refresh() {
  if (cache == nullptr) cache = new Cache;
  if (grants_fresh) return true;
  // First, so that a change that arrives while the table is read marks it again.
  grants_fresh = true;
  bool there = false;
  try {
    there = ReadGrants();
  } catch (...) {
    grants_fresh = false;
    throw;
  }
  if (!there) grants_fresh = false;
  return there;
}

bool Has(Oid member, Oid role) {
  return pg::Call([&] {
    return superuser_arg(member) ? is_member_of_role_nosuper(member, role)
                                 : has_privs_of_role(member, role);
  });
}

const Granted& Of(Oid role) {
  if (!roles_fresh) {
    cache->roles.clear();
    cache->last = nullptr;
    roles_fresh = true;
  }
  if (cache->last != nullptr && cache->last_role == role) return *cache->last;
  if (const auto found = cache->roles.find(role); found != cache->roles.end()) {
    cache->last_role = role;
    return *(cache->last = &found->second);
  }
  Granted granted;
  for (std::size_t i = 0; i < cache->grants.size(); ++i) {
    const Grant& grant = cache->grants[i];
    if (!Has(role, grant.role)) continue;
    if (grant.purposes.empty()) {
      granted.always |= grant.kinds;
    } else {
      granted.for_purposes.push_back(i);
    }
  }
  return cache->roles[role] = std::move(granted);
}

}  // namespace

bool HasGrants() {
  return Refresh();
}

const ReadKinds& AlwaysGrantedTo(Oid role) {
  return Of(role).always;
}

ReadKinds GrantedTo(Oid role, std::string_view purpose) {
  const Granted& granted = Of(role);
  ReadKinds kinds = granted.always;
  for (const std::size_t i : granted.for_purposes) {
    const Grant& grant = cache->grants[i];
    if (std::find(grant.purposes.begin(), grant.purposes.end(), purpose) != grant.purposes.end()) {
      kinds |= grant.kinds;
    }
  }
  return kinds;
}

std::vector<std::string> PurposesFor(Oid role, const ReadKinds& kinds) {
  std::vector<std::string> purposes;
  // A copy: asking again may read the roles anew.
  const std::vector<std::size_t> conditional = Of(role).for_purposes;
  for (const std::size_t i : conditional) {
    for (const std::string& purpose : cache->grants[i].purposes) {
      const bool known = std::find(purposes.begin(), purposes.end(), purpose) != purposes.end();
      if (!known && (kinds & ~GrantedTo(role, purpose)).none()) purposes.push_back(purpose);
    }
  }
  return purposes;
}

void InvalidateGrants() {
  const Oid table = GrantTable();
  if (OidIsValid(table)) CacheInvalidateRelcacheByRelid(table);
}

void InitGrants() {
  pg::Call([] {
    CacheRegisterRelcacheCallback(OnRelcacheChange, Datum(0));
    CacheRegisterSyscacheCallback(AUTHOID, OnRoleChange, Datum(0));
    CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, OnRoleChange, Datum(0));
    // The owner of the database is a member of pg_database_owner.
    CacheRegisterSyscacheCallback(DATABASEOID, OnRoleChange, Datum(0));
  });
}

}  // namespace phisync::reads
