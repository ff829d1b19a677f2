// Makes way for DDL on tables with masked views, and gives grants on them back.

#include "pg/event_trigger.h"
#include "pg/text.h"
#include "sync/ddl.h"
#include "sync/owner.h"

namespace {

using namespace phisync;

// The columns that an ALTER TABLE takes away or changes the type of, as an array of names; null if
// there is none.
ArrayType* ColumnsInTheWay(const AlterTableStmt* statement) {
  const int count = list_length(statement->cmds);
  auto* const names = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count + 1)));
  int n = 0;
  for (int i = 0; i < count; ++i) {
    const auto* const command = list_nth_node(AlterTableCmd, statement->cmds, i);
    if (command->name == nullptr) continue;
    if (command->subtype != AT_DropColumn && command->subtype != AT_AlterColumnType) continue;
    names[n++] = DirectFunctionCall1(namein, CStringGetDatum(command->name));
  }
  return n == 0 ? nullptr : construct_array(names, n, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR);
}

void MakeWay(const AlterTableStmt* statement) {
  ArrayType* const columns = ColumnsInTheWay(statement);
  if (columns == nullptr) return;
  const Oid relation = RangeVarGetRelid(statement->relation, NoLock, true);
  // The command itself says what is wrong.
  if (!OidIsValid(relation)) return;
  HeapTuple const row = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(row)) return;
  const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relowner;
  ReleaseSysCache(row);
  if (!has_privs_of_role(GetUserId(), owner)) return;
  // As the command itself will. First the tables, then the masked views: so does whoever changes a
  // profile.
  LockRelationOid(relation, AccessExclusiveLock);
  if (statement->relation->inh) find_all_inheritors(relation, AccessExclusiveLock, nullptr);
  const Oid types[] = {REGCLASSOID, NAMEARRAYOID};
  const Datum values[] = {ObjectIdGetDatum(relation), PointerGetDatum(columns)};
  sync::AsOwnerOf(get_relname_relid("masked_view", get_namespace_oid("phisync", false)), [&] {
    sync::Execute("SELECT phisync.release_columns($1, $2)", 2, types, values, nullptr);
  });
}

// Of those that a view can have.
bool IsPrivilege(const char* word) {
  for (const char* const known :
       {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}) {
    if (strcmp(word, known) == 0) return true;
  }
  return false;
}

}  // namespace

// Fires before ALTER TABLE: the server refuses to drop a column, or to change its type, while a
// view reads it.
PHISYNC_FUNCTION(phisync_release_masked) {
  pg::RequireEventTrigger(fcinfo, "phisync.release_masked");
  auto* const data = reinterpret_cast<EventTriggerData*>(fcinfo->context);
  if (IsA(data->parsetree, AlterTableStmt)) {
    MakeWay(reinterpret_cast<const AlterTableStmt*>(data->parsetree));
  }
  return Datum{0};
}

// grant_as(view regclass, grantor oid, grantee oid, privilege text, column_name name, grantable
// boolean): a grant belongs to who made it, and only he takes it back.
PHISYNC_FUNCTION(phisync_grant_as) {
  for (const int n : {0, 1, 2, 3, 5}) {
    if (PG_ARGISNULL(n)) return Datum{0};
  }
  const Oid view = PG_GETARG_OID(0);
  const char* const privilege = text_to_cstring(PG_GETARG_TEXT_PP(3));
  const char* const name = get_rel_name(view);
  if (name == nullptr || !IsPrivilege(privilege)) return Datum{0};
  StringInfoData grant;
  initStringInfo(&grant);
  appendStringInfo(&grant, "GRANT %s", privilege);
  if (!PG_ARGISNULL(4)) {
    appendStringInfo(&grant, " (%s)", quote_identifier(NameStr(*PG_GETARG_NAME(4))));
  }
  const Oid grantee = PG_GETARG_OID(2);
  appendStringInfo(
      &grant, " ON %s TO %s%s",
      quote_qualified_identifier(get_namespace_name(get_rel_namespace(view)), name),
      OidIsValid(grantee) ? quote_identifier(GetUserNameFromId(grantee, false)) : "PUBLIC",
      PG_GETARG_BOOL(5) ? " WITH GRANT OPTION" : "");
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(PG_GETARG_OID(1), context | SECURITY_LOCAL_USERID_CHANGE);
  SPI_connect();
  sync::Execute(grant.data, 0, nullptr, nullptr, nullptr);
  SPI_finish();
  SetUserIdAndSecContext(user, context);
  return Datum{0};
}
