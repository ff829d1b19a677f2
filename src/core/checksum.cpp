// The plain functions of OpenSSL, deprecated in favour of EVP, which allocates for each digest:
// over a row that costs half as much as the digest itself.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/checksum.h"

#include <openssl/sha.h>

namespace phisync {

std::uint32_t OperationSum(std::string_view operation) {
  SHA256_CTX context;
  unsigned char hash[SHA256_DIGEST_LENGTH];
  // They fail for no reason.
  SHA256_Init(&context);
  SHA256_Update(&context, operation.data(), operation.size());
  SHA256_Final(hash, &context);
  return static_cast<std::uint32_t>(hash[0]) | static_cast<std::uint32_t>(hash[1]) << 8 |
         static_cast<std::uint32_t>(hash[2]) << 16 | static_cast<std::uint32_t>(hash[3]) << 24;
}

}  // namespace phisync
