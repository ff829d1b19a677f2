#pragma once
// The values of a column that a profile transforms, as the stream writes them.

#include <cstdint>
#include <optional>

#include "core/transform_apply.h"
#include "masks/surrogates.h"
#include "pg/output_function.h"
#include "sync/encode.h"
#include "sync/masking.h"

namespace phisync::sync {

struct RowImage;

// Compiled once, used for every row. Of a value it writes what ValueEncoder would of the
// transformed one; a pseudonym or surrogate of anything is a text.
class MaskedColumn {
 public:
  // `type` is that of the column, domains resolved, `subject_type` that of its subject's, if any.
  // Error 55000 if the key is not to be had. `memory` as for ValueEncoder; so is what is said there
  // of memory. `surrogates`: where codes come from; null: those that are stored.
  MaskedColumn(const Masking& masking, AttrNumber attnum, Oid type, Oid subject_type,
               const EncodeOptions& options, MemoryContext memory,
               Surrogates* surrogates = nullptr);
  MaskedColumn(const MaskedColumn&) = delete;
  MaskedColumn& operator=(const MaskedColumn&) = delete;

  // Each as ValueEncoder's, but that the column may be NULL in the row. `as_of`: when the change
  // was committed; nothing if that is not known yet, and dates that depend on it are then null.
  Encoded Column(ByteBuffer& out, const RowImage& row, std::optional<TimestampTz> as_of);
  // Of a transformation that fits keys.
  Encoded Identity(ByteBuffer& out, const RowImage& row);
  Encoded Key(ByteBuffer& out, const RowImage& row);

  [[nodiscard]] AttrNumber attnum() const { return attnum_; }
  [[nodiscard]] bool needs_commit_time() const { return mask_->needs_commit_time(); }
  // Takes the key and the ZIP prefixes as they are now. Before each row, and where KeyGeneration
  // says that keys are no longer valid. Throws.
  void Refresh();

 private:
  enum class Use : std::uint8_t { kData, kIdentity, kKey };

  Encoded Write(ByteBuffer& out, Use use, const RowImage& row, std::optional<TimestampTz> as_of);
  Encoded WriteText(ByteBuffer& out, Use use, std::string_view text, const MaskContext& context);
  Encoded WriteMasked(ByteBuffer& out, Use use, const Value& value, const MaskContext& context);
  Encoded WriteResult(ByteBuffer& out, Use use, const Value& result);

  Masking masking_;
  AttrNumber attnum_;
  Oid type_;
  EncodeOptions options_;
  pg::OutputFunction output_;  // of types that have no form of their own here
  std::optional<ValueEncoder> subject_;
  masks::StoredSurrogates stored_;
  Surrogates* surrogates_;
  std::optional<Mask> mask_;
  std::uint64_t generation_ = 0;
  ByteBuffer read_;  // the value
  ByteBuffer made_;  // what the transformation made of it
  ByteBuffer subject_text_;
};

}  // namespace phisync::sync
