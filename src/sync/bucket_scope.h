#pragma once
// Which buckets somebody asks for, and the tables behind them.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pg/catalog.h"

namespace phisync::sync {

struct BucketScope {
  struct Definition {
    bool whole = false;                            // all its buckets, else:
    std::set<std::string, std::less<>> ids;        // of the buckets
    std::vector<std::vector<std::string>> values;  // of the parameters, of each of them
  };

  std::map<std::string, Definition, std::less<>> definitions;
  std::vector<Oid> relations;  // that data queries name, in the order of bucket and query
  bool exact = false;          // some definition is not whole

  [[nodiscard]] bool Includes(std::string_view bucket_id) const;
  // As CompileRelation takes it.
  [[nodiscard]] std::vector<std::string> Names() const;
};

// Buckets named as ParseBucketId reads them; no value: all that are granted, or all. Throws Error
// 22023 for what is no bucket of its definition, 42501 for what is not `granted` (null: all are),
// 42704 for an unknown definition; never with values of parameters.
BucketScope MakeScope(const std::optional<std::vector<std::string>>& wanted,
                      const std::vector<std::string>* granted);

}  // namespace phisync::sync
