#include "pg/array_elements.h"

#include <cstring>

#include "core/error.h"

namespace phisync::pg {
namespace {

[[noreturn]] void Refuse() {
  throw Error(sqlstate::kDataCorrupted, "an array is not stored as arrays are");
}

// The size of the value at a place with `room` bytes left, at least one; more than that if it does
// not fit.
std::size_t SizeAt(const char* at, std::size_t room, std::int16_t length) {
  if (length > 0) return static_cast<std::size_t>(length);
  if (length == -2) return strnlen(at, room) + 1;
  if (VARATT_IS_1B(at)) return VARATT_IS_1B_E(at) ? room + 1 : VARSIZE_1B(at);
  if (room < VARHDRSZ) return room + 1;
  const std::size_t size = VARSIZE_4B(at);
  return size < VARHDRSZ ? room + 1 : size;
}

}  // namespace

ArrayElements::ArrayElements(const ArrayType* array, const ElementForm& form) : form_(form) {
  const std::size_t size = VARSIZE(array);
  const char* const start = reinterpret_cast<const char*>(array);
  if (size < sizeof(ArrayType) || ARR_NDIM(array) < 0 || ARR_NDIM(array) > MAXDIM) Refuse();
  const std::size_t header = ARR_OVERHEAD_NONULLS(ARR_NDIM(array));
  if (header > size) Refuse();
  std::size_t count = ARR_NDIM(array) > 0 ? 1 : 0;
  for (int d = 0; d < ARR_NDIM(array); ++d) {
    // No element takes less than a bit.
    const int length = ARR_DIMS(array)[d];
    if (length <= 0 || (count *= static_cast<std::size_t>(length)) > 8 * size) Refuse();
  }
  count_ = static_cast<int>(count);
  present_ = ARR_NULLBITMAP(array);
  const std::size_t data =
      present_ != nullptr ? static_cast<std::size_t>(array->dataoffset) : header;
  if (present_ != nullptr && header + (count + 7) / 8 > data) Refuse();
  if (data > size) Refuse();
  at_ = start + data;
  end_ = start + size;
}

NullableDatum ArrayElements::Next() {
  const int i = next_++;
  if (present_ != nullptr && (present_[i / 8] & 1 << i % 8) == 0) return {0, true};
  if (at_ >= end_) Refuse();
  const auto room = static_cast<std::size_t>(end_ - at_);
  const std::size_t size = SizeAt(at_, room, form_.length);
  if (size > room) Refuse();
  const NullableDatum element{fetch_att(at_, form_.by_value, form_.length), false};
  at_ = reinterpret_cast<const char*>(att_align_nominal(at_ + size, form_.align));
  return element;
}

}  // namespace phisync::pg
