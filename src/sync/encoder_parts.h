#pragma once
// What a ValueEncoder needs for types that are not simple scalars.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pg/array_elements.h"
#include "pg/output_function.h"
#include "pg/types.h"
#include "sync/encode.h"

namespace phisync::sync {

struct EncoderParts {
  using Form = ValueEncoder::Form;

  // A member of a composite type.
  struct Field {
    std::string key;                        // `"name":`
    std::unique_ptr<ValueEncoder> encoder;  // null if dropped
  };

  explicit EncoderParts(MemoryContext context) : memory(context) {}

  void Array(ByteBuffer& out, Form form, Datum value);
  void Range(ByteBuffer& out, Form form, const RangeType* value);
  void Multirange(ByteBuffer& out, Form form, Datum value);
  void Composite(ByteBuffer& out, Form form, Datum value, const EncodeOptions& options);

  MemoryContext memory;
  pg::OutputFunction output;
  // The element of an array, the bound of a range.
  std::unique_ptr<ValueEncoder> element;
  pg::ElementForm element_form{};  // of an array
  TypeCacheEntry* range = nullptr;
  // The members of the composite type at this version of it, and its description then.
  std::vector<Field> fields;
  std::uint64_t fields_version = 0;
  TupleDesc row = nullptr;
  // Structures are written here first when they become a string.
  ByteBuffer scratch;

 private:
  void Element(ByteBuffer& out, Form form, ValueEncoder& encoder, Datum value, bool null);
  void CompileFields(Oid type, std::int32_t typmod, const EncodeOptions& options);
};

}  // namespace phisync::sync
