#pragma once
// In which buckets a query puts a row.

#include <vector>

#include "core/byte_buffer.h"
#include "sync/row_image.h"

namespace phisync::sync {

// Part of a buffer's bytes.
struct Slice {
  std::size_t from = 0;
  std::size_t to = 0;

  [[nodiscard]] std::string_view In(const ByteBuffer& buffer) const {
    return buffer.view().substr(from, to - from);
  }
};

// The log does not say in which buckets the row was, or what identifies it.
[[noreturn]] void ThrowUnknown();

// A row is in one bucket for each combination of the values of the parameters, none twice. Keeps
// its memory from row to row.
class Membership {
 public:
  // More buckets of one query than this are refused with Error 54000.
  static constexpr std::size_t kMaxBuckets = 1000;

  // Appends the ids to `out` and where they stand to `buckets`; nothing if a parameter has no value
  // other than null. The filter is not asked. Throws.
  void Append(Query& query, const RowImage& image, ByteBuffer& out, std::vector<Slice>& buckets);

 private:
  // A parameter's values, in values_; `at` is that of the combination at hand.
  struct Range {
    std::size_t first;
    std::size_t count;
    std::size_t at;
  };

  void Collect(ParameterField& parameter, const RowImage& image);
  void AppendValue(ValueEncoder& encoder, Datum value);
  void AppendElements(const pg::ElementForm& form, ValueEncoder& encoder, Datum value);
  void DropRepeated(std::size_t first);

  ByteBuffer texts_;
  std::vector<Slice> values_;  // in texts_
  std::vector<Range> ranges_;
  std::vector<std::size_t> order_;
};

}  // namespace phisync::sync
