#pragma once
// jsonb as text, straight from its stored form.

#include "core/byte_buffer.h"
#include "pg/types.h"

namespace phisync::sync {

// Appends what jsonb_out prints: `{"a": 1, "b": [true, null]}`. Throws Error 54001 if the value is
// nested too deeply for the stack, XX001 if its bytes are no jsonb.
void AppendJsonb(ByteBuffer& out, const Jsonb* value);

// The same as a JSON string: `"{\"a\": 1, \"b\": [true, null]}"`.
void AppendJsonbString(ByteBuffer& out, const Jsonb* value);

}  // namespace phisync::sync
