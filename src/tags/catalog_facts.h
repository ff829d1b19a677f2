#pragma once
// What the catalogs say about one relation, as far as tags are concerned. Plain structs in palloc'd
// memory: the functions here own nothing and raise the server's errors directly, so call them
// inside pg::Call.

#include "pg/seclabel.h"

namespace phisync::tags {

// A column of another relation that a view's column reads.
struct Read {
  Oid relation;
  AttrNumber column;  // 0: the whole row
  bool as_is;         // the value itself, not an expression over it
};

struct ColumnFacts {
  NameData name;
  bool dropped;
  const char* label;   // null: none
  List* reads;         // of Read*; views only
  bool reads_unknown;  // the view's column could not be traced
};

struct RelationFacts {
  Oid schema;
  const char* label;         // null: none
  const char* schema_label;  // null: none
  List* parents;             // OIDs
  bool is_view;              // or a materialized view
  int column_count;
  ColumnFacts* columns;  // [attnum - 1]
};

// Null if the relation does not exist or is the system's own.
const RelationFacts* ReadFacts(Oid relation);

// Category of the type (pg_type.typcategory), of what a domain is over and an array is of.
char TypeCategoryOf(Oid type);

// Fills reads and reads_unknown of a view's columns from its query.
void TraceView(Oid view, RelationFacts* facts);

// What output column `number` (from 1) of an analysed query reads, into column->reads.
void TraceQuery(Query* query, AttrNumber number, ColumnFacts* column);

}  // namespace phisync::tags
