#pragma once
// "Did you mean": the nearest of a closed list of words.

#include <cstddef>
#include <string_view>

namespace phisync {

// Edit distance of two words: insertions, deletions, replacements and swaps of neighbours, each one
// step; upper and lower case are the same.
std::size_t EditDistance(std::string_view a, std::string_view b);

// Steps that a typing error in a word of this length may plausibly cost.
constexpr std::size_t PlausibleDistance(std::size_t length) {
  return length <= 3 ? 1 : length <= 8 ? 2 : 3;
}

// The word of `words` (a range of string_view) nearest to `word`, the first of equals; empty if
// none is plausibly meant.
template <typename Range>
std::string_view Nearest(std::string_view word, const Range& words) {
  std::string_view best;
  std::size_t best_distance = PlausibleDistance(word.size()) + 1;
  for (const std::string_view candidate : words) {
    const std::size_t distance = EditDistance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace phisync
