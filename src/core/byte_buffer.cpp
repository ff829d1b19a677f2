#include "core/byte_buffer.h"

#include <algorithm>
#include <limits>
#include <new>

namespace phisync {

void ByteBuffer::Grow(std::size_t n) {
  constexpr std::size_t kFirst = 1024;
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 4;
  if (n > kMost || size_ > kMost) throw std::bad_alloc();
  const std::size_t capacity = std::max({kFirst, 2 * capacity_, size_ + n});
  char* const data = static_cast<char*>(memory_->allocate(capacity, 1));
  if (data_ != nullptr) {
    std::memcpy(data, data_, size_);
    memory_->deallocate(data_, capacity_, 1);
  }
  data_ = data;
  capacity_ = capacity;
}

void ByteBuffer::Trim(std::size_t keep) {
  size_ = 0;
  if (capacity_ <= keep) return;
  memory_->deallocate(data_, capacity_, 1);
  data_ = nullptr;
  capacity_ = 0;
}

}  // namespace phisync
