#pragma once
// Changes of policy: what makes the contents of buckets other ones without a change of their rows.
// They travel as rows of phisync.policy_change, which the output plugin decodes like any change.

#include <cstdint>
#include <string>
#include <vector>

#include "pg/catalog.h"

namespace phisync::sync {

// A data query all of whose rows leave the buckets of its definition.
struct ClearedQuery {
  const char* bucket;
  int ordinal;
  const char* type;
  const char* reason;  // `drop` of tables and partitions, `policy` of definitions
};

// Records the change in the current transaction, as the extension's owner. `what` is a few words
// for people ('tag changed'); `rebuild` (String nodes) names the definitions whose buckets
// consumers take anew; `clears` are ClearedQuery. Does nothing where the extension is not
// installed, or where both lists are empty. Raises the server's errors; the frame of the caller may
// own nothing.
void RecordPolicyChange(const char* what, List* rebuild, List* clears);

// ClearedQuery for each data query (DefinedQuery), as its text calls the type of its objects.
List* ClearsOf(List* queries, const char* reason);

// The definitions (String nodes, each name once) with a data query on one of the relations or on a
// table that one of them is a partition of or inherits from. NIL where the extension is not
// installed. Raises the server's errors; the frame of the caller may own nothing.
List* DefinitionsOn(List* relations);

// A row of phisync.policy_change, of which a consumer is told what it is granted.
struct PolicyChange {
  struct Clear {
    std::string bucket;
    std::int64_t ordinal;
    std::string type;
    std::string reason;
  };
  std::int64_t version;
  std::string what;
  std::vector<std::string> rebuild;
  std::vector<Clear> clears;
};

// True of the extension's own phisync.policy_change, under the current (or historic) snapshot; not
// of a table of that name that somebody else made. Costs a catalog scan only if the names match.
// Throws.
bool IsPolicyTable(Relation relation);

// Throws.
PolicyChange ReadPolicyChange(Relation policy_table, HeapTuple row);

}  // namespace phisync::sync
