// Who may change what others see of a relation.

#include <string>

#include "core/error.h"
#include "pg/catalog.h"
#include "pg/text.h"

namespace {

using namespace phisync;

// The user outside all SECURITY DEFINER functions, so that those can ask. While a superuser
// maintains an index or a materialized view, the server runs the owner's code in it with the
// owner's rights; asked here, it would be the superuser.
Oid Caller() {
  if (pg::Call([] { return InSecurityRestrictedOperation(); })) {
    throw Error(sqlstate::kInsufficientPrivilege,
                "cannot change what others see within a security-restricted operation",
                "An index or a materialized view is being maintained, and its code runs with the "
                "rights of its owner.",
                "Call the function by itself.");
  }
  return GetOuterUserId();
}

}  // namespace

// caller()
PHISYNC_FUNCTION(phisync_caller) {
  return ObjectIdGetDatum(Caller());
}

// require_steward(relation regclass, action text): who acts on what others see of a relation must
// own it, so that nothing is granted that he does not have, and be an officer, as this is policy.
PHISYNC_FUNCTION(phisync_require_steward) {
  struct Found {
    Oid owner;
    const char* name;
  };
  const Found found = pg::Call([&] {
    Found f{};
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(PG_GETARG_OID(0)));
    if (!HeapTupleIsValid(tuple)) return f;
    f.owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    f.name = pstrdup(NameStr(reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relname));
    ReleaseSysCache(tuple);
    return f;
  });
  if (found.name == nullptr) {
    throw Error(sqlstate::kUndefinedObject, "the relation does not exist");
  }
  const Oid caller = Caller();
  const auto has_rights_of = [&](Oid role) {
    return OidIsValid(role) && pg::Call([&] { return has_privs_of_role(caller, role); });
  };
  const bool owns = has_rights_of(found.owner);
  const bool officer =
      has_rights_of(pg::Call([] { return get_role_oid("phisync_officer", true); }));
  if (owns && officer) return Datum{0};
  const std::string_view action = pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(1); }));
  throw Error(sqlstate::kInsufficientPrivilege,
              "permission denied to " + std::string(action) + " \"" + found.name + "\"",
              std::string("It takes the owner of the relation who is also a member of "
                          "phisync_officer; this role is not ") +
                  (owns      ? "such a member."
                   : officer ? "the owner."
                             : "either."));
}
