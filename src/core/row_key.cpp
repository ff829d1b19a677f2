#include "core/row_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <new>

namespace phisync::audit {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string KeyArray(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    AppendString(out, value);
  }
  out += ']';
  return out;
}

std::string HashedKey(std::string_view secret, std::string_view relation,
                      const std::vector<std::string>& values) {
  std::string message;
  AppendString(message, relation);
  message += KeyArray(values);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest,
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  std::string out = "hmac:";
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

}  // namespace phisync::audit
