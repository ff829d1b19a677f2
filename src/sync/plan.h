#pragma once
// What the output plugin evaluates for each row of a table: its buckets' queries, compiled.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/catalog.h"
#include "sync/masking.h"
#include "sync/row_codes.h"

namespace phisync::sync {

// A value that a row gives: a column, or an expression over it.
struct Output {
  std::string key;                 // name in the record; of a binding: the bucket parameter
  AttrNumber attnum = 0;           // column taken as is, or 0:
  Node* expr = nullptr;            // planned expression over Var(varno 1) of the relation
  Oid type = InvalidOid;           // of the value, domains resolved
  std::optional<Masking> masking;  // of a column that does not go out as it is
};

// A column of the primary key that goes out as its code.
struct MaskedKey {
  AttrNumber attnum = 0;
  Masking masking;
  bool operator==(const MaskedKey&) const = default;
};

// Columns that hold values of a bucket parameter: the row is in one bucket for each value that is
// not null, of all columns together.
struct ParameterSource {
  AttrNumber attnum = 0;
  bool elements = false;  // the column is an array, and its elements are the values
  Oid type = InvalidOid;  // of a value, domains resolved
};

struct Parameter {
  std::string name;
  std::vector<ParameterSource> sources;  // at least one
};

// One data query of one bucket, against one relation: attribute numbers are that relation's.
struct QueryPlan {
  std::string bucket;
  int ordinal = 0;  // number of the query in its bucket, from 0
  Oid relation =
      InvalidOid;  // the text's table: this relation, or the partitioned table it is a partition of
  std::string
      type;  // object type on the device: the alias of the table in the text, else its name there
  std::vector<Output> outputs;  // in order, without those that the profile withholds; `id` included
  Output id;                    // reads columns of the primary key alone
  std::vector<Parameter> parameters;  // in the order in which the bucket declares them
  List* filter = nullptr;             // planned expressions that must all be true; NIL = every row
  std::vector<MaskedKey> masked_key;  // in the order of the key
  std::shared_ptr<const profiles::Profile> profile;
  bool hides_rows = false;  // the table itself is of a sensitivity without consent: no row is sent
  std::vector<RowCodes> row_codes;
  // Not null: no record of this query may be made, and nothing but bucket, ordinal, relation,
  // refused_sqlstate, lacks_key and perhaps type is set. 42501: id, parameter or primary key is PHI
  // that the profile does not let out; 55000: the profile needs a key that is not to be had; any
  // other: the text does not fit the relation as it is now, for instance after a column was
  // renamed.
  const char* refused_sqlstate = nullptr;
  bool lacks_key = false;        // that is why
  std::vector<Output> withheld;  // outputs that the profile leaves out
};

struct RelationPlan {
  Oid relation = InvalidOid;
  std::vector<AttrNumber>
      primary_key;  // in the order of the key; empty: the relation has none (any more)
  std::vector<QueryPlan> queries;  // by bucket, then ordinal
};

// Compiles what is defined on `relation` and on those that it is a partition of, against the
// catalogs that the current (or historic) snapshot shows; `buckets` restricts to these names, null
// means all. Takes no lock on the relation and runs no query, so it may be called while changes are
// decoded; a definition that no longer compiles gives a refused plan, not an error. Nodes live in
// CurrentMemoryContext. Needs a transaction; throws.
RelationPlan CompileRelation(Relation relation, const std::vector<std::string>* buckets);

}  // namespace phisync::sync
