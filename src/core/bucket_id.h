#pragma once
// Bucket ids as people and consumers give them: the reverse of KeyWriter.

#include <string>
#include <string_view>
#include <vector>

namespace phisync {

// A bucket, or all buckets of a definition.
struct BucketId {
  std::string name;                 // of the definition
  bool whole = false;               // `name` or `name[*]`: every bucket of it
  std::vector<std::string> values;  // of the parameters: strings unescaped, numbers as they stand
};

// Throws Error 22023 unless `text` is a definition's name, `name[*]`, or a bucket id exactly as the
// stream writes it: any other spelling would never match. The message does not repeat the text,
// whose values may be PHI.
BucketId ParseBucketId(std::string_view text);

}  // namespace phisync
