#pragma once
// The elements of an array as it is stored.

#include <cstdint>

#include "pg/types.h"

namespace phisync::pg {

// How values of the element's type are stored.
struct ElementForm {
  std::int16_t length;
  bool by_value;
  char align;
};

// Gives one element after the other, in storage order. An array whose lengths lead out of it is
// refused with Error XX001, so that no foreign memory is read and shown.
class ArrayElements {
 public:
  // The array stays where it is, in one piece, as long as its elements are used.
  ArrayElements(const ArrayType* array, const ElementForm& form);

  [[nodiscard]] int count() const { return count_; }
  // To be called `count()` times.
  NullableDatum Next();

 private:
  ElementForm form_;
  const bits8* present_;
  const char* at_;
  const char* end_;
  int count_ = 0;
  int next_ = 0;
};

}  // namespace phisync::pg
