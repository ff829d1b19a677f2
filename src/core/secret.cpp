#include "core/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <new>

#include "core/error.h"

namespace phisync {
namespace {

// Room for the keys of some hundred scopes, and for those of OpenSSL itself, which uses it too.
constexpr std::size_t kSecureBytes = 131'072;
constexpr std::size_t kSmallestBlock = 32;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[noreturn]] void Malformed() {
  throw Error(sqlstate::kObjectNotInPrerequisiteState, "the key of phisync is malformed",
              "A key is 64 hexadecimal digits, not all bytes alike, on one line.",
              "Make one with: openssl rand -hex 32");
}

}  // namespace

Secret::Secret() {
  // Where it cannot be had, OpenSSL gives ordinary memory.
  if (CRYPTO_secure_malloc_initialized() == 0) {
    CRYPTO_secure_malloc_init(kSecureBytes, kSmallestBlock);
  }
  bytes_ = static_cast<unsigned char*>(OPENSSL_secure_zalloc(kBytes));
  if (bytes_ == nullptr) throw std::bad_alloc();
}

Secret::~Secret() {
  if (bytes_ != nullptr) OPENSSL_secure_clear_free(bytes_, kBytes);
}

Secret ParseMasterKey(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() != 2 * Secret::kBytes) Malformed();
  Secret key;
  for (std::size_t i = 0; i < Secret::kBytes; ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) Malformed();
    key.data()[i] = static_cast<unsigned char>(high << 4 | low);
  }
  if (std::all_of(key.data(), key.data() + Secret::kBytes,
                  [&](unsigned char byte) { return byte == key.data()[0]; })) {
    Malformed();
  }
  return key;
}

void RefuseWithoutKey() {
  throw Error(sqlstate::kObjectNotInPrerequisiteState,
              "no key for pseudonyms, surrogates and date shifts is configured",
              "Without it they would be guessable, so nothing is given out.",
              "A superuser sets phisync.key_file or phisync.key_command; see "
              "docs/de-identification.md.");
}

void Cleanse(void* bytes, std::size_t size) {
  OPENSSL_cleanse(bytes, size);
}

}  // namespace phisync
