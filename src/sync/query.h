#pragma once
// A data query, compiled against a relation. Plain structs in palloc'd memory: parse analysis
// raises the server's own errors with positions, so these frames own nothing.

#include "pg/catalog.h"
#include "pg/parser.h"

namespace phisync::sync {

struct CompiledOutput {
  const char* key;
  AttrNumber attnum;  // column taken as is, or 0
  Node* expr;         // planned expression, where attnum is 0
  Oid type;           // domains resolved
  Bitmapset* reads;   // attribute numbers
};

// A column that holds values of a bucket parameter.
struct CompiledSource {
  AttrNumber attnum;
  bool elements;  // it is an array, and its elements are the values
  Oid type;       // of a value, domains resolved
};

struct CompiledParameter {
  const char* name;
  List* sources;     // CompiledSource, at least one
  Bitmapset* reads;  // their attribute numbers
};

struct CompiledQuery {
  const char* type;
  List* outputs;       // CompiledOutput, in order
  CompiledOutput* id;  // among the outputs
  List* parameters;    // CompiledParameter, one for each of the bucket's, in their order
  List* filter;        // planned, implicit AND
  Bitmapset* filter_reads;
  List* columns;  // String: names of the columns that stand in the text, those of `*` not
};

// Compiles the text against the relation's columns under the current snapshot. `*` gives them in
// the order of `defined_on`: the relation itself, or the partitioned table that it is a partition
// of. Looks up no table and takes no lock. `parameters` are the bucket's parameter names (String).
// `primary_key` are attribute numbers. Raises errors with the position in the text; a session's
// search path, date style and the like do not change the result.
CompiledQuery* CompileQuery(Relation relation, Relation defined_on, const char* text,
                            List* parameters, Bitmapset* primary_key);

// The RangeVar of the text's one table, for the definer to look up. Raises as CompileQuery.
RangeVar* TableOfQuery(const char* text);

// The type of the objects that the text makes. Raises as CompileQuery, as do the next two.
const char* TypeOfQuery(const char* text);

// The columns that the text names, those of `*` not (String).
List* ColumnsOfQuery(const char* text);

// Whether `*` is among the outputs.
bool TakesAllColumns(const char* text);

// The primary key's attribute numbers in the order of the key (integer list); NIL if there is none
// that identifies rows at every moment.
List* PrimaryKey(Relation relation);

Bitmapset* AsSet(List* attribute_numbers);

// Adds the definition's text to errors raised below, as the server does for the text of functions:
// push before, pop after.
struct QueryErrors {
  ErrorContextCallback callback;
  const char* text;
  const char* what;  // "data query", "parameters query"
};
void PushQueryErrors(QueryErrors* frame, const char* what, const char* text);
void PopQueryErrors(QueryErrors* frame);

}  // namespace phisync::sync
