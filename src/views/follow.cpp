// Makes way for DDL on tables with masked views, and gives grants on them back.

#include "pg/event_trigger.h"
#include "pg/parser.h"
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
  const Oid types[] = {REGCLASSOID, NAMEARRAYOID};
  const Datum values[] = {ObjectIdGetDatum(relation), PointerGetDatum(columns)};
  sync::AsOwnerOf(get_relname_relid("masked_view", get_namespace_oid("phisync", false)), [&] {
    sync::Execute("SELECT phisync.release_columns($1, $2)", 2, types, values, nullptr);
  });
}

}  // namespace

// Fires before ALTER TABLE: the server refuses to drop a column, or to change its type, while a
// view reads it.
PHISYNC_FUNCTION(phisync_release_masked) {
  sync::RequireEventTrigger(fcinfo, "phisync.release_masked");
  auto* const data = reinterpret_cast<EventTriggerData*>(fcinfo->context);
  if (IsA(data->parsetree, AlterTableStmt)) {
    MakeWay(reinterpret_cast<const AlterTableStmt*>(data->parsetree));
  }
  return Datum{0};
}

// grant_as(grantor oid, statement text): a grant belongs to who made it, and only he takes it back.
PHISYNC_FUNCTION(phisync_grant_as) {
  const char* const grant = text_to_cstring(PG_GETARG_TEXT_PP(1));
  const List* const statements = raw_parser(grant, RAW_PARSE_DEFAULT);
  // As another role nothing else is run, whoever may come to call this.
  if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, GrantStmt)) {
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("this is not one GRANT"));
  }
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(PG_GETARG_OID(0), context | SECURITY_LOCAL_USERID_CHANGE);
  SPI_connect();
  sync::Execute(grant, 0, nullptr, nullptr, nullptr);
  SPI_finish();
  SetUserIdAndSecContext(user, context);
  return Datum{0};
}
