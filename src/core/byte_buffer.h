#pragma once
// The append-only byte buffer that all encoders write to.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <string>
#include <string_view>

namespace phisync {

// A short text that is appended again and again. There is room behind it, so that it is copied in
// whole blocks.
class Stamp {
 public:
  explicit Stamp(std::string_view text) : size_(text.size()), padded_(text) {
    padded_.resize((size_ + kBlock - 1) / kBlock * kBlock);
  }

 private:
  friend class ByteBuffer;
  static constexpr std::size_t kBlock = 16;

  std::size_t size_;
  std::string padded_;
};

// Grows by doubling; never shrinks, so a buffer that is kept and cleared soon allocates no more.
// Throws bad_alloc, so it must not grow inside a pg::Call: call the server for a text first, append
// it after.
class ByteBuffer {
 public:
  // `memory` must outlive the buffer.
  explicit ByteBuffer(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : memory_(memory) {}
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ~ByteBuffer() {
    if (data_ != nullptr) memory_->deallocate(data_, capacity_, 1);
  }

  // Room for `n` more bytes; they are written there and made known with Commit.
  char* Reserve(std::size_t n) {
    if (capacity_ - size_ < n) Grow(n);
    return data_ + size_;
  }
  // `end` is one past the last byte written at the pointer that Reserve gave.
  void Commit(const char* end) { size_ = static_cast<std::size_t>(end - data_); }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    Copy(Reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // A literal: a few moves, since its size is known.
  template <std::size_t N>
  void Append(const char (&literal)[N]) {
    static_assert(N > 1);
    std::memcpy(Reserve(N - 1), literal, N - 1);
    size_ += N - 1;
  }
  // Of an array that was written to nobody knows here how much of it is text.
  template <std::size_t N>
  void Append(char (&array)[N]) = delete;
  void Append(const Stamp& stamp) {
    char* const to = Reserve(stamp.padded_.size());
    for (std::size_t at = 0; at < stamp.size_; at += Stamp::kBlock) {
      std::memcpy(to + at, stamp.padded_.data() + at, Stamp::kBlock);
    }
    size_ += stamp.size_;
  }
  void Append(char byte) {
    *Reserve(1) = byte;
    ++size_;
  }

  void Clear() { size_ = 0; }
  // Clear, and gives the memory back if it is more than `keep` bytes.
  void Trim(std::size_t keep);
  // Overwrites a byte that was appended.
  void Replace(std::size_t at, char byte) { data_[at] = byte; }
  // Forgets what was appended after the buffer had `size` bytes.
  void Truncate(std::size_t size) { size_ = size; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const char* data() const { return data_; }
  // Valid until the next append.
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] std::string_view view(std::size_t from) const {
    return {data_ + from, size_ - from};
  }

 private:
  void Grow(std::size_t n);

  // Most texts are keys and numbers: two moves that may overlap, rather than a call.
  static void Copy(char* to, const char* from, std::size_t n) {
    const auto ends = [&]<typename Word>(Word first, Word last) {
      std::memcpy(&first, from, sizeof first);
      std::memcpy(&last, from + n - sizeof last, sizeof last);
      std::memcpy(to, &first, sizeof first);
      std::memcpy(to + n - sizeof last, &last, sizeof last);
    };
    if (n > 2 * sizeof(std::uint64_t)) {
      std::memcpy(to, from, n);
    } else if (n >= sizeof(std::uint64_t)) {
      ends(std::uint64_t{}, std::uint64_t{});
    } else if (n >= sizeof(std::uint32_t)) {
      ends(std::uint32_t{}, std::uint32_t{});
    } else {
      to[0] = from[0];
      to[n / 2] = from[n / 2];
      to[n - 1] = from[n - 1];
    }
  }

  std::pmr::memory_resource* memory_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace phisync
