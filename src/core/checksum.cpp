#include "core/checksum.h"

#include <openssl/evp.h>

#include "core/error.h"

namespace phisync {
namespace {

[[noreturn]] void Refused() {
  throw Error(sqlstate::kInternalError, "could not compute a SHA-256 digest",
              "The OpenSSL library of the server refused the digest SHA-256.");
}

}  // namespace

void Checksummer::ContextFree::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}
void Checksummer::DigestFree::operator()(evp_md_st* digest) const noexcept {
  EVP_MD_free(digest);
}

Checksummer::Checksummer()
    : digest_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  if (digest_ == nullptr || context_ == nullptr) Refused();
}
Checksummer::~Checksummer() = default;

std::uint32_t Checksummer::Put(std::string_view type, std::string_view id, std::string_view data) {
  // One update over one text: each call of the digest costs more than the copy.
  text_.Clear();
  text_.Reserve(type.size() + id.size() + data.size() + 8);
  text_.Append("put.");
  text_.Append(type);
  text_.Append('.');
  text_.Append(id);
  text_.Append('.');
  text_.Append(data);
  return Fold();
}

std::uint32_t Checksummer::Remove(std::string_view subkey) {
  text_.Clear();
  text_.Append("delete.");
  text_.Append(subkey);
  return Fold();
}

std::uint32_t Checksummer::Fold() {
  unsigned char hash[EVP_MAX_MD_SIZE];
  if (EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context_.get(), text_.data(), text_.size()) != 1 ||
      EVP_DigestFinal_ex(context_.get(), hash, nullptr) != 1) {
    Refused();
  }
  return static_cast<std::uint32_t>(hash[0]) | static_cast<std::uint32_t>(hash[1]) << 8 |
         static_cast<std::uint32_t>(hash[2]) << 16 | static_cast<std::uint32_t>(hash[3]) << 24;
}

}  // namespace phisync
