#pragma once
// Transformations carried out on single values, whoever brings the values: the stream, a snapshot,
// an SQL function.

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/byte_buffer.h"
#include "core/calendar.h"
#include "core/scope_keys.h"
#include "core/tag_class.h"
#include "core/transform.h"
#include "core/zip_prefixes.h"

namespace phisync {

// A value that is not NULL. `number`: kInteger; kBool as 0 and 1; kDate as days, kTimestamp and
// kTimestamptz as microseconds since 2000-01-01, or the type's infinities, as the server stores
// them. `text`: all others, kNumeric in decimal digits (core/number.h, or the server's), kInet and
// kJson as the server prints them, kBytea raw. Text is UTF-8, for pseudonyms and surrogates in
// normal form C.
struct Value {
  ValueType type = ValueType::kText;
  std::int64_t number = 0;
  std::string_view text;
};

inline constexpr std::int64_t kDateInfinity = INT32_MAX;
inline constexpr std::int64_t kDateMinusInfinity = INT32_MIN;

// The stored codes of values. `address`: ScopeKeys::SurrogateAddress.
class Surrogates {
 public:
  // Appends the code; false if there is none.
  virtual bool Append(ByteBuffer& out, std::string_view scope, Kind kind,
                      const unsigned char* address) = 0;

 protected:
  ~Surrogates() = default;
};

// What a transformation needs besides values; all must outlive the Mask. Null: not to be had.
struct MaskResources {
  ScopeKeys* keys = nullptr;  // of the transformation's scope
  const ZipPrefixes* restricted_zips = nullptr;
  Surrogates* surrogates = nullptr;
  std::string_view scope;  // of the keys
};

// What is known of the row.
struct MaskContext {
  // When the change was committed: ages are as of its day in UTC.
  calendar::Timestamp commit_time = 0;
  // The id of the person whom the value is about; nothing if it is NULL or nowhere to be found.
  std::optional<std::string_view> subject;
};

enum class Outcome : std::uint8_t {
  kValue,
  kNull,
  kAbsent,  // the column is not to be seen at all
};

struct Masked {
  Outcome outcome = Outcome::kNull;
  // The age is 90 or more: what was left out or cut for this.
  bool over_90 = false;
  // With kValue. Its text lies in the value given or in the buffer, until the next append there.
  Value value;
};

// A transformation made ready for a column.
class Mask {
 public:
  // Error 42804 if it does not fit the type (CheckFits), 55000 if it needs a key, restricted ZIP
  // codes or surrogates that are not to be had.
  Mask(Transform transform, ClassId tag_class, ValueType type, const MaskResources& resources);

  // Never an error for any value of the type. A value that the transformation can make nothing of
  // is NULL, or [REDACTED] where texts are expected; it never passes as it is.
  Masked Apply(const Value& value, const MaskContext& context, ByteBuffer& out) const;

  // What becomes of NULL, and of a value that was not logged because it did not change.
  [[nodiscard]] Outcome OfNull() const {
    return transform_.op == Op::kDrop ? Outcome::kAbsent : Outcome::kNull;
  }

  // The type of results; a pseudonym of a number is a text.
  [[nodiscard]] ValueType result_type() const { return result_; }
  [[nodiscard]] bool needs_subject() const { return transform_.facts().needs_subject; }
  [[nodiscard]] bool needs_commit_time() const { return birth_; }
  [[nodiscard]] const Transform& transform() const { return transform_; }

 private:
  Masked Code(const Value& value, ByteBuffer& out) const;

  Transform transform_;
  Kind kind_;
  bool birth_;
  ValueType result_;
  MaskResources resources_;
};

}  // namespace phisync
