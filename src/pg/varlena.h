#pragma once
// Values of variable length, in memory and in one piece.

#include <cstring>
#include <string_view>

#include "pg/boundary.h"
#include "pg/types.h"

namespace phisync::pg {

// The bytes of a varlena wherever it is stored; a copy, if one must be made, is freed with this
// object.
class Varlena {
 public:
  // kPacked: as stored, with a length word of one or four bytes. kAligned: what the server's own
  // structures (arrays, ranges, jsonb, rows) need.
  enum class Shape { kPacked, kAligned };

  Varlena(Datum value, Shape shape) : given_(DatumGetPointer(value)), bytes_(given_) {
    const bool copy = shape == Shape::kAligned
                          ? VARATT_IS_EXTENDED(given_)
                          : VARATT_IS_COMPRESSED(given_) || VARATT_IS_EXTERNAL(given_);
    // A pointer to a value elsewhere counts as short too.
    if (copy && VARATT_IS_SHORT(given_) && !VARATT_IS_EXTERNAL(given_)) {
      // Most small values: all they lack is a length word of four bytes.
      const std::size_t size = VARSIZE_SHORT(given_) - VARHDRSZ_SHORT;
      bytes_ = room_;
      SET_VARSIZE(bytes_, size + VARHDRSZ);
      std::memcpy(VARDATA(bytes_), VARDATA_SHORT(given_), size);
    } else if (copy) {
      bytes_ = Call([&] {
        return reinterpret_cast<char*>(pg_detoast_datum(reinterpret_cast<varlena*>(given_)));
      });
    }
  }
  Varlena(const Varlena&) = delete;
  Varlena& operator=(const Varlena&) = delete;
  ~Varlena() {
    if (bytes_ != given_ && bytes_ != room_) pfree(bytes_);
  }

  // The bytes after the length word.
  [[nodiscard]] std::string_view View() const {
    return {VARDATA_ANY(bytes_), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes_))};
  }
  // The whole value, length word included.
  template <typename T>
  [[nodiscard]] T* As() const {
    return reinterpret_cast<T*>(bytes_);
  }

 private:
  char* given_;
  char* bytes_;
  alignas(MAXIMUM_ALIGNOF) char room_[VARATT_SHORT_MAX + VARHDRSZ];
};

}  // namespace phisync::pg
