#include "core/detect_values.h"

#include <algorithm>

namespace phisync::detect {
namespace {

// Days kept of a column, to judge how they spread.
constexpr std::size_t kDays = 4096;

std::uint64_t Hash(std::string_view v) {
  std::uint64_t h = 14695981039346656037U;
  for (const char c : v) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return h;
}

}  // namespace

void Values::Add(std::string_view value) {
  const std::uint32_t shapes = ShapesOf(value);
  ++count_;
  counted_ = false;
  for (std::size_t i = 0; i < kShapes; ++i) hits_[i] += static_cast<int>((shapes >> i) & 1U);
  hashes_.push_back(Hash(value));
  if (Has(shapes, Shape::kDate)) {
    std::string_view v = value.substr(value.find_first_not_of(" \t"));
    v = v.substr(0, v.find_first_of(" \tT\n"));
    // Years alone, of whatever of the forms of IsDate; good enough to see how they spread.
    const std::string_view year = v[4] == '-' || v.size() == 8 ? v.substr(0, 4) : v.substr(6, 4);
    int n = 0;
    for (const char c : year) n = n * 10 + (c - '0');
    if (days_.size() < kDays) days_.push_back((n - 2000) * 365);
  }
}

void Values::AddDay(std::int32_t day) {
  ++count_;
  counted_ = false;
  ++hits_[static_cast<std::size_t>(Shape::kDate)];
  hashes_.push_back(static_cast<std::uint64_t>(static_cast<std::int64_t>(day)));
  if (days_.size() < kDays) days_.push_back(day);
}

int Values::distinct() const {
  if (!counted_) {
    std::sort(hashes_.begin(), hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
    counted_ = true;
  }
  return static_cast<int>(hashes_.size());
}

bool Values::LooksLikeBirths() const {
  constexpr std::int64_t kYear = 365;
  if (days_.size() < 8) return false;
  std::vector<std::int32_t> sorted = days_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](std::size_t tenth) {
    return static_cast<std::int64_t>(sorted[(sorted.size() - 1) * tenth / 10]);
  };
  return at(9) - at(1) > 30 * kYear && at(10) - at(5) > 15 * kYear && at(0) > -125 * kYear;
}

}  // namespace phisync::detect
