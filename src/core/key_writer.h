#pragma once
// Bucket ids and subkeys: a prefix and a compact JSON array.

#include <cstdint>
#include <string_view>

#include "core/byte_buffer.h"
#include "core/number.h"

namespace phisync {

// Writes `clinic["c1",7]` (prefix: the definition's name) or `0["p1"]` (prefix: the number of the
// query in its definition). Each element is one JSON value, appended to Next():
//   KeyWriter id(out, "clinic");
//   AppendJsonString(id.Next(), "c1");
//   id.Finish();
class KeyWriter {
 public:
  KeyWriter(ByteBuffer& out, std::string_view prefix) : out_(out) {
    out_.Append(prefix);
    out_.Append('[');
  }
  KeyWriter(ByteBuffer& out, std::int64_t prefix) : out_(out) {
    AppendInteger(out_, prefix);
    out_.Append('[');
  }

  // The buffer, ready for the next element.
  ByteBuffer& Next() {
    if (!first_) out_.Append(',');
    first_ = false;
    return out_;
  }
  void Finish() { out_.Append(']'); }

 private:
  ByteBuffer& out_;
  bool first_ = true;
};

}  // namespace phisync
