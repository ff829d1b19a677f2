#include "sync/bucket_scope.h"

#include <algorithm>
#include <span>

#include "core/bucket_id.h"
#include "pg/boundary.h"
#include "sync/owner.h"

namespace phisync::sync {
namespace {

// A data query, or a bucket without one, in palloc'd memory.
struct DefinedRow {
  const char* bucket;
  int parameters;
  Oid relation;
};

struct DefinedRows {
  DefinedRow* rows = nullptr;
  std::size_t n = 0;
};

// As the active snapshot shows them, so that a definition made after it is none of its buckets.
DefinedRows ReadDefinitions() {
  DefinedRows result;
  MemoryContext const memory = CurrentMemoryContext;
  Oid const table = get_relname_relid("bucket", get_namespace_oid("phisync", false));
  AsOwnerOf(table, [&] {
    int const code = SPI_execute(
        "SELECT b.name, pg_catalog.cardinality(b.parameter_names), q.relation::pg_catalog.oid "
        "FROM phisync.bucket b LEFT JOIN phisync.bucket_query q ON q.bucket "
        "OPERATOR(pg_catalog.=) b.name ORDER BY b.name, q.ordinal",
        true, 0);
    if (code != SPI_OK_SELECT) elog(ERROR, "SPI error %d", code);
    result.n = SPI_processed;
    result.rows =
        static_cast<DefinedRow*>(MemoryContextAlloc(memory, sizeof(DefinedRow) * (result.n + 1)));
    for (std::size_t i = 0; i < result.n; i++) {
      HeapTuple const row = SPI_tuptable->vals[i];
      TupleDesc const desc = SPI_tuptable->tupdesc;
      bool isnull;
      result.rows[i].bucket = MemoryContextStrdup(memory, SPI_getvalue(row, desc, 1));
      result.rows[i].parameters = DatumGetInt32(SPI_getbinval(row, desc, 2, &isnull));
      Datum const relation = SPI_getbinval(row, desc, 3, &isnull);
      result.rows[i].relation = isnull ? InvalidOid : DatumGetObjectId(relation);
    }
  });
  return result;
}

void Add(BucketScope& scope, const std::string& text, const DefinedRows& defined,
         const std::vector<std::string>* granted) {
  const BucketId id = ParseBucketId(text);
  if (granted != nullptr && std::ranges::find(*granted, id.name) == granted->end()) {
    throw Error(sqlstate::kInsufficientPrivilege,
                "bucket \"" + id.name + "\" is not granted to the consumer",
                "A consumer gets the buckets that it is registered with.",
                "SELECT name, buckets FROM phisync.consumers; lists them.");
  }
  const auto rows = std::span(defined.rows, defined.n);
  const auto found = std::ranges::find(rows, id.name, &DefinedRow::bucket);
  if (found == rows.end()) {
    throw Error(sqlstate::kUndefinedObject, "bucket \"" + id.name + "\" does not exist",
                "No bucket of that name is defined in this database.",
                "SELECT name FROM phisync.buckets; lists those that are.");
  }
  BucketScope::Definition& definition = scope.definitions[id.name];
  if (id.whole) {
    definition.whole = true;
    return;
  }
  if (id.values.size() != static_cast<std::size_t>(found->parameters)) {
    throw Error(sqlstate::kInvalidParameterValue,
                "a bucket id of \"" + id.name + "\" has " + std::to_string(found->parameters) +
                    " values, not " + std::to_string(id.values.size()),
                "A bucket id has one value for each of the parameters, in their order.",
                "SELECT parameter_names FROM phisync.buckets WHERE name = '" + id.name + "';");
  }
  if (definition.ids.insert(text).second) definition.values.push_back(id.values);
}

}  // namespace

bool BucketScope::Includes(std::string_view bucket_id) const {
  const auto found = definitions.find(bucket_id.substr(0, bucket_id.find('[')));
  if (found == definitions.end()) return false;
  return found->second.whole || found->second.ids.contains(bucket_id);
}

std::vector<std::string> BucketScope::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, definition] : definitions) names.push_back(name);
  return names;
}

BucketScope MakeScope(const std::optional<std::vector<std::string>>& wanted,
                      const std::vector<std::string>* granted) {
  const DefinedRows defined = pg::Call(ReadDefinitions);
  const auto rows = std::span(defined.rows, defined.n);
  BucketScope scope;
  if (wanted) {
    for (const std::string& text : *wanted) Add(scope, text, defined, granted);
  } else {
    for (const DefinedRow& row : rows) {
      const std::string name = row.bucket;
      if (granted == nullptr || std::ranges::find(*granted, name) != granted->end()) {
        scope.definitions[name].whole = true;
      }
    }
  }
  for (const auto& [name, definition] : scope.definitions) scope.exact |= !definition.whole;
  for (const DefinedRow& row : rows) {
    if (!OidIsValid(row.relation) || !scope.definitions.contains(row.bucket)) continue;
    if (std::ranges::find(scope.relations, row.relation) == scope.relations.end()) {
      scope.relations.push_back(row.relation);
    }
  }
  return scope;
}

}  // namespace phisync::sync
