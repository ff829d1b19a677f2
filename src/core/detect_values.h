#pragma once
// What the values of a column look like: counts, never the values.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/detect_shapes.h"

namespace phisync::detect {

// Counts over a column's values that are not null.
class Values {
 public:
  void Add(std::string_view value);
  // A date or timestamp: days since 2000-01-01.
  void AddDay(std::int32_t day);

  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] int distinct() const;
  [[nodiscard]] int hits(Shape shape) const { return hits_[static_cast<std::size_t>(shape)]; }
  [[nodiscard]] double rate(Shape shape) const {
    return count_ == 0 ? 0 : static_cast<double>(hits(shape)) / count_;
  }
  // Whether the days spread like those on which people of all ages were born: over decades, and
  // most of them long before the last.
  [[nodiscard]] bool LooksLikeBirths() const;

 private:
  int count_ = 0;
  std::array<int, kShapes> hits_ = {};
  // Of the values' bytes; kept to count the different ones. Sorted and each there once when they
  // were counted last.
  mutable std::vector<std::uint64_t> hashes_;
  mutable bool counted_ = true;
  std::vector<std::int32_t> days_;
};

}  // namespace phisync::detect
