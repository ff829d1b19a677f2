#pragma once
// What the catalogs say about one relation, as far as tags are concerned. Plain structs in palloc'd
// memory: the functions here own nothing and raise the server's errors directly, so call them
// inside pg::Call.

#include "pg/catalog.h"
#include "pg/seclabel.h"

namespace phisync::tags {

// Calls fn(const FormData_pg_attribute&) for each column of the relation, in their order, dropped
// ones too, as the snapshot shows it (null: now).
template <typename Fn>
void EachAttribute(Oid relation, Snapshot snapshot, Fn fn) {
  Relation const attributes = table_open(AttributeRelationId, AccessShareLock);
  ScanKeyData key[2];
  ScanKeyInit(&key[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  ScanKeyInit(&key[1], Anum_pg_attribute_attnum, BTGreaterStrategyNumber, F_INT2GT,
              Int16GetDatum(0));
  SysScanDesc const scan =
      systable_beginscan(attributes, AttributeRelidNumIndexId, true, snapshot, 2, key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    fn(*reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple)));
  }
  systable_endscan(scan);
  table_close(attributes, AccessShareLock);
}

// A column that a view's column reads, or one of the same table that a generated column is made of.
struct Read {
  Oid relation;
  AttrNumber column;  // 0: the whole row
  bool as_is;         // the value itself, not an expression over it
  bool heirs;         // of its heirs and partitions, too: not ONLY
};

struct ColumnFacts {
  NameData name;
  bool dropped;
  bool generated;      // by an expression over other columns, stored or virtual
  const char* label;   // null: none
  List* reads;         // of Read*; of views and generated columns
  bool reads_unknown;  // the view's column could not be traced
  bool calls_opaque;   // it has values from a function that may read any table
};

struct RelationFacts {
  Oid schema;
  const char* label;         // null: none
  const char* schema_label;  // null: none
  List* parents;             // OIDs
  bool is_view;              // or a materialized view
  bool inherits;             // can have parents
  int column_count;
  ColumnFacts* columns;  // [attnum - 1]
};

// As the snapshot shows it (null: now). Null if the relation does not exist or is the system's own.
RelationFacts* ReadFacts(Oid relation, Snapshot snapshot = nullptr);

// Inheritance and partition parents (OIDs), likewise.
List* ReadParents(Oid relation, Snapshot snapshot);

// Heirs and partitions (OIDs) as they are now, at any depth, without the relation itself.
List* ReadHeirs(Oid relation);

// Category of the type (pg_type.typcategory), of what a domain is over and an array is of.
char TypeCategoryOf(Oid type);

// Fills reads and reads_unknown of a view's columns from its query, as the snapshot shows it (null:
// now).
void TraceView(Oid view, Snapshot snapshot, RelationFacts* facts);

// Fills reads of the table's generated columns from their expressions, likewise.
void TraceGenerated(Oid relation, Snapshot snapshot, RelationFacts* facts);

// Whether any label in this database says that something is PHI, as the snapshot shows it (null:
// now).
bool AnyPhiLabel(Snapshot snapshot);

// Whether the function may give more than its arguments: not built in and not immutable, or built
// in to run a query. For check_functions_in_node.
bool MayReadTables(Oid function, void*);

// What output column `number` (from 1) of an analysed query reads, into column->reads.
void TraceQuery(Query* query, AttrNumber number, ColumnFacts* column);

}  // namespace phisync::tags
