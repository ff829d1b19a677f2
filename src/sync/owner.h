#pragma once
// Writing the extension's own tables, whoever asks for it.

#include "pg/catalog.h"
#include "pg/spi.h"

namespace phisync::sync {

// Calls fn with SPI connected and the rights of the owner of `table`, one of the extension's.
// Raises the server's errors: the frames of caller and fn may own nothing.
template <typename Fn>
void AsOwnerOf(Oid table, Fn fn) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  HeapTuple const row = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
  if (!HeapTupleIsValid(row)) elog(ERROR, "a table of phisync does not exist");
  Oid const owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relowner;
  ReleaseSysCache(row);
  SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
  SPI_connect();
  fn();
  SPI_finish();
  SetUserIdAndSecContext(user, context);
}

// SPI_execute_with_args; an error code of SPI itself is raised.
inline void Execute(const char* command, int n, const Oid* types, const Datum* values,
                    const char* nulls) {
  int const code = SPI_execute_with_args(command, n, const_cast<Oid*>(types),
                                         const_cast<Datum*>(values), nulls, false, 0);
  if (code < 0) elog(ERROR, "SPI error %d in \"%s\"", code, command);
}

// The first column of what was selected last, texts without nulls, as a list of strings in
// `memory`, which outlives SPI_finish.
inline List* FirstColumn(MemoryContext memory) {
  List* texts = NIL;
  for (uint64 i = 0; i < SPI_processed; i++) {
    const char* const text = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
    MemoryContext const inner = MemoryContextSwitchTo(memory);
    texts = lappend(texts, makeString(pstrdup(text)));
    MemoryContextSwitchTo(inner);
  }
  return texts;
}

}  // namespace phisync::sync
