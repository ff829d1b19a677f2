#pragma once
// Key bytes in memory that is kept out of core dumps and swap where the system allows it, and
// cleansed when it is given back.

#include <cstddef>
#include <string_view>
#include <utility>

namespace phisync {

// 32 secret bytes, at first zero. Throws bad_alloc if there is no memory for it.
class Secret {
 public:
  static constexpr std::size_t kBytes = 32;

  Secret();
  ~Secret();
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] unsigned char* data() { return bytes_; }
  [[nodiscard]] const unsigned char* data() const { return bytes_; }

 private:
  unsigned char* bytes_;
};

// The master key from what a key file or command gave: 64 hexadecimal digits and at most one line
// end. Error 55000 for anything else, and for a key whose bytes are all alike; it never says what
// was given.
Secret ParseMasterKey(std::string_view text);

// What keyed transformations are refused with where no key is configured; Error 55000.
[[noreturn]] void RefuseWithoutKey();

// Overwrites bytes that were secret.
void Cleanse(void* bytes, std::size_t size);

}  // namespace phisync
