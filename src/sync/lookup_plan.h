#pragma once
// What the parameters queries of buckets make of one row of a table that they read.

#include <string>
#include <vector>

#include "pg/catalog.h"
#include "pg/parser.h"

namespace phisync::sync {

// `column = auth.user_id()` or `column = auth.parameter('x')`.
struct LookupKey {
  const char* parameter;  // null: the user's id
  AttrNumber attnum;
};

// An output: a column, or an expression over it.
struct LookupValue {
  AttrNumber attnum;  // or 0:
  Node* expr;         // planned
  Oid type;           // domains resolved
};

struct LookupPlan {
  std::string bucket;  // definition
  // The query gives a user of the key the bucket of the values, row by row. Else (several tables,
  // other conditions on the request, row-level security, PHI that the profile withholds) nothing
  // below is set, and all that can be said of a change is that it may concern every user.
  bool exact = false;
  List* keys = NIL;            // LookupKey
  List* values = NIL;          // LookupValue
  List* filter = NIL;          // planned expressions that must all be true
  Bitmapset* reads = nullptr;  // attribute numbers, of all of these
};

// Of the relation and of what it is a partition of or inherits from, by bucket; `buckets` restricts
// to these definitions, null means all. Takes no lock and runs no query. Nodes live in
// CurrentMemoryContext. Needs a transaction; throws.
std::vector<LookupPlan> CompileLookups(Relation relation, const std::vector<std::string>* buckets);

}  // namespace phisync::sync
