#pragma once
// JSON strings, byte for byte as JSON.stringify of JavaScript writes them.

#include <string_view>

#include "core/byte_buffer.h"

namespace phisync {

// Appends `text`, valid UTF-8, between quotes: `"`, `\` and the controls below U+0020 escaped (\b
// \f \n \r \t, else \u00xx in lower-case hex), all else as it is, `/`, U+007F and U+2028 included.
void AppendJsonString(ByteBuffer& out, std::string_view text);

// The same without the quotes, for a string that is put together from several parts.
void AppendJsonEscaped(ByteBuffer& out, std::string_view text);

// Appends `text` as a string within the JSON text that is itself a string: `\"text\"`.
void AppendJsonStringInString(ByteBuffer& out, std::string_view text);

// Appends `"name":`.
void AppendJsonKey(ByteBuffer& out, std::string_view name);

}  // namespace phisync
