#pragma once
// CRC-32C by the server's routine, which uses the processor's instruction where there is one.

#include <cstdint>
#include <string_view>

#include "pg/backend.h"

extern "C" {
#include <port/pg_crc32c.h>
}

namespace phisync::pg {

// CRC-32C (Castagnoli) over bytes given in pieces; of "123456789" it is 0xE3069283.
class Crc32c {
 public:
  void Add(std::string_view bytes) { COMP_CRC32C(crc_, bytes.data(), bytes.size()); }
  void Reset() { INIT_CRC32C(crc_); }
  // Of all bytes since construction or Reset.
  [[nodiscard]] std::uint32_t Value() const {
    pg_crc32c crc = crc_;
    FIN_CRC32C(crc);
    return crc;
  }

 private:
  pg_crc32c crc_ = 0xFFFFFFFF;
};

}  // namespace phisync::pg
