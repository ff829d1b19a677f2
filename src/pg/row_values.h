#pragma once
// Columns of rows of the extension's own tables. Results are palloc'd.

#include "pg/catalog.h"
#include "pg/text.h"

namespace phisync::pg {

// Of a column that is not null; if it is nevertheless, an error is raised.
inline Datum RowValue(HeapTuple row, int column, TupleDesc desc) {
  bool isnull;
  Datum const value = heap_getattr(row, column, desc, &isnull);
  if (isnull) elog(ERROR, "a row of a definition has no value in column %d", column);
  return value;
}

inline char* RowText(HeapTuple row, int column, TupleDesc desc) {
  return TextDatumGetCString(RowValue(row, column, desc));
}

// Strings of an array of texts without nulls.
inline List* TextList(Datum array) {
  Datum* elements;
  int n;
  deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr,
                    &n);
  List* list = NIL;
  for (int i = 0; i < n; i++) list = lappend(list, makeString(TextDatumGetCString(elements[i])));
  return list;
}

}  // namespace phisync::pg
