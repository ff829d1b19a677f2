#pragma once
// The text of a data query, read by the server's own grammar and taken apart.

#include "pg/parser.h"

namespace phisync::sync {

// The name under which a data query refers to its bucket's parameters.
inline constexpr const char* kBucketAlias = "bucket";

// One condition that says in which buckets a row is by the values in columns:
//   column = bucket.parameter (either order), column IN (bucket.parameter)
//   bucket.parameter IN (column, ...), bucket.parameter = ANY (ARRAY[column, ...])
//   bucket.parameter = ANY (array_column), array_column @> ARRAY[bucket.parameter]
struct Binding {
  const char* parameter;
  List* columns;  // ColumnRef, unqualified, or qualified with the table's name
  bool elements;  // the one column is an array, and its elements are the values
  int location;   // of bucket.parameter in the text
};

struct QueryText {
  RangeVar* from;    // the one table
  const char* name;  // its alias, else its name: how columns are qualified, and the objects' type
  List* targets;     // ResTarget
  List* bindings;    // Binding
  Node* filter;      // all other conditions, raw; null if there are none
  Node* where;       // the whole WHERE clause, raw; null if there is none
  List* columns;     // String: names of columns that stand in the text, each once
  bool all_columns;  // `*` is an output
};

// A column by its name in the raw tree; `bucket.x` and `*` are none.
bool IsColumn(Node* node);

// `*` or `table.*`
bool IsStar(const ResTarget* target);

// Raises an error about a place in the text of `pstate`. detail and hint are full sentences.
[[noreturn]] void Refuse(ParseState* pstate, int location, int sqlerrcode, const char* message,
                         const char* detail, const char* hint);

// Reads no catalog. Raises 42601 with the position for what is not SQL, 0A000 for SQL that is more
// than one table's columns, expressions and conditions. `pstate` carries the text (p_sourcetext).
// The frame of the caller may own nothing.
QueryText* ReadQueryText(ParseState* pstate);

}  // namespace phisync::sync
