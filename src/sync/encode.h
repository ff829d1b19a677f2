#pragma once
// Values of the server's types as the stream writes them (docs/record-format.md, "Values").

#include <cstdint>
#include <memory>

#include "core/byte_buffer.h"
#include "core/temporal.h"
#include "pg/boundary.h"

namespace phisync::sync {

struct EncoderParts;

// What becomes of values that PowerSync's format loses. The defaults are PowerSync's, but for NaN
// and infinity, which it writes as tokens that are not JSON.
struct EncodeOptions {
  enum class NonFinite : std::uint8_t { kNull, kText, kToken };
  enum class Binary : std::uint8_t { kAbsent, kBase64, kHex };

  NonFinite non_finite = NonFinite::kNull;  // of float4 and float8
  Binary binary = Binary::kAbsent;          // of bytea
  Beyond beyond = Beyond::kNull;            // of timestamp and timestamptz
  TimeForm time_form = TimeForm::kIso;      // of these and time
};

enum class Encoded : std::uint8_t {
  kValue,
  kNull,    // a value that the format can say only as null
  kAbsent,  // a value that the format leaves out
};

// Encodes the values of one type; compiled once, used for every row. It depends on no session
// setting: types that have no form of their own here go through their output function, with the
// settings that such functions read held fixed meanwhile.
//
// In the common case nothing is allocated. Where something must be (a compressed value, an output
// function), it comes from CurrentMemoryContext and is freed before the return, but for what the
// server's own functions leave there: use a context that is reset now and then. Throws; no message
// of its own contains a value.
class ValueEncoder {
 public:
  // `memory` keeps what the server caches for output functions, and must outlive the encoder. Reads
  // catalogs, so inside a transaction.
  ValueEncoder(Oid type, const EncodeOptions& options, MemoryContext memory);
  ~ValueEncoder();
  ValueEncoder(ValueEncoder&& other) noexcept;
  ValueEncoder& operator=(ValueEncoder&& other) noexcept;

  // True of a value in a new row that decoding does not have, because the update left it untouched
  // out of line. Such a value must not be given to the functions below.
  [[nodiscard]] bool IsUnchangedToast(Datum value) const {
    return length_ == -1 && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value));
  }

  // Each takes a value that is not NULL. kNull and kAbsent append nothing, but for Column, whose
  // kNull appends `null`.

  // The value of a member of `data`.
  Encoded Column(ByteBuffer& out, Datum value);
  // The object id: text without quotes and escapes. Different values have different texts.
  Encoded Identity(ByteBuffer& out, Datum value);
  // An element of a bucket id; kNull and kAbsent mean that the row is in no bucket. Different
  // values have different texts, else rows would be in a bucket that their query does not select.
  Encoded Parameter(ByteBuffer& out, Datum value);
  // An element of a subkey: nothing is left out, and different values have different texts.
  Encoded Key(ByteBuffer& out, Datum value);

 private:
  friend struct EncoderParts;
  enum class Kind : std::uint8_t;
  enum class Use : std::uint8_t { kData, kIdentity, kParameter, kKey };
  enum class Place : std::uint8_t {
    kString,   // in a JSON object or array of the record, where a structure is a string
    kElement,  // in the JSON text of a structure
    kRaw,      // not in JSON
  };
  struct Form {
    Place place;
    Use use;
    // No value is left out.
    [[nodiscard]] bool exact() const { return use == Use::kIdentity || use == Use::kKey; }
  };

  Encoded Write(ByteBuffer& out, Form form, Datum value);
  Encoded WriteReal(ByteBuffer& out, Form form, Datum value);
  Encoded WriteBytes(ByteBuffer& out, Form form, Datum value);
  Encoded WriteStructure(ByteBuffer& out, Form form, Datum value);

  Kind kind_;
  std::int16_t length_;
  EncodeOptions options_;
  // What kinds need that are not simple scalars; null for those.
  std::unique_ptr<EncoderParts> parts_;
};

}  // namespace phisync::sync
