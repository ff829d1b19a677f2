// A JSON string, decoded by rules written here once more, is the text that went in.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/byte_buffer.h"
#include "core/json.h"

namespace {

std::string Decode(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') __builtin_trap();
  json = json.substr(1, json.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto c = static_cast<unsigned char>(json[i]);
    if (c < 0x20 || c == '"') __builtin_trap();
    if (c != '\\') {
      out += json[i];
      continue;
    }
    if (++i == json.size()) __builtin_trap();
    switch (json[i]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case 'u': {
        if (json.size() - i < 5) __builtin_trap();
        out += static_cast<char>(std::stoi(std::string(json.substr(i + 1, 4)), nullptr, 16));
        i += 4;
        break;
      }
      default:
        __builtin_trap();
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  phisync::ByteBuffer out;
  phisync::AppendJsonString(out, text);
  if (Decode(out.view()) != text) __builtin_trap();
  return 0;
}
