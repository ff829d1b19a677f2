#include "core/scope_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string>

#include "core/blanks.h"
#include "core/error.h"
#include "core/transform.h"

namespace phisync {
namespace {

[[noreturn]] void Refused() {
  throw Error(sqlstate::kInternalError, "could not compute a keyed code",
              "The OpenSSL library of the server refused HMAC or HKDF with SHA-256.");
}

char kSha256[] = "SHA256";

Secret Derive(const Secret& master, std::string_view purpose, std::string_view scope) {
  struct KdfFree {
    void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
  };
  std::string info = "phisync/1/";
  info.append(purpose).append("/").append(scope);
  const std::unique_ptr<EVP_KDF, KdfFree> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  if (kdf == nullptr) Refused();
  const std::unique_ptr<EVP_KDF_CTX, KdfFree> context(EVP_KDF_CTX_new(kdf.get()));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, kSha256, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                        const_cast<unsigned char*>(master.data()), Secret::kBytes),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  Secret key;
  if (context == nullptr ||
      EVP_KDF_derive(context.get(), key.data(), Secret::kBytes, parameters) != 1) {
    Refused();
  }
  return key;
}

std::string_view Checked(std::string_view scope) {
  CheckScope(scope);
  return scope;
}

// The kind's name and the length of the value: together a prefix that no other value shares.
class Head {
 public:
  Head(Kind kind, std::size_t size) {
    const std::string_view name = KindName(kind);
    size_ = name.copy(bytes_, sizeof(bytes_) - 8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes_[size_++] = static_cast<char>(static_cast<std::uint64_t>(size) >> shift);
    }
  }
  [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[32];
  std::size_t size_;
};

}  // namespace

void HmacKey::Free::operator()(evp_mac_ctx_st* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

HmacKey::HmacKey(const Secret& key) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (mac == nullptr) Refused();
  context_.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, kSha256, 0),
      OSSL_PARAM_construct_end()};
  if (context_ == nullptr ||
      EVP_MAC_init(context_.get(), key.data(), Secret::kBytes, parameters) != 1) {
    Refused();
  }
}

void HmacKey::Sign(std::string_view head, std::string_view tail, unsigned char* digest) {
  const auto bytes = [](std::string_view s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  std::size_t size = 0;
  // Without a key: the one that the context has.
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), bytes(head), head.size()) != 1 ||
      (!tail.empty() && EVP_MAC_update(context_.get(), bytes(tail), tail.size()) != 1) ||
      EVP_MAC_final(context_.get(), digest, &size, kDigestBytes) != 1 || size != kDigestBytes) {
    Refused();
  }
}

ScopeKeys::ScopeKeys(const Secret& master, std::string_view scope)
    : pseudonym_(Derive(master, "pseudonym", Checked(scope))),
      surrogate_(Derive(master, "surrogate", scope)),
      shift_(Derive(master, "shift", scope)) {}

void ScopeKeys::Pseudonym(Kind kind, std::string_view canonical, unsigned char* digest) {
  pseudonym_.Sign(Head(kind, canonical.size()).view(), canonical, digest);
}

void ScopeKeys::SurrogateAddress(Kind kind, std::string_view canonical, unsigned char* digest) {
  surrogate_.Sign(Head(kind, canonical.size()).view(), canonical, digest);
}

int ScopeKeys::ShiftDays(std::string_view subject, int limit) {
  unsigned char digest[HmacKey::kDigestBytes];
  shift_.Sign(subject, {}, digest);
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | digest[i];
  const int offset = static_cast<int>(number % (2 * static_cast<std::uint64_t>(limit))) - limit;
  return offset >= 0 ? offset + 1 : offset;
}

std::string_view AppendCanonical(ByteBuffer& out, Kind kind, std::string_view text) {
  text = Trim(text);
  const std::size_t from = out.size();
  char* to = out.Reserve(text.size());
  if (kind == Kind::kSsn || kind == Kind::kPhone || kind == Kind::kFax) {
    for (const char c : text) {
      if (c >= '0' && c <= '9') *to++ = c;
    }
    out.Commit(to);
    if (out.size() > from) return out.view(from);
  } else if (kind == Kind::kEmail) {
    for (const char c : text) {
      *to++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    out.Commit(to);
    return out.view(from);
  }
  out.Append(text);
  return out.view(from);
}

std::string_view KindName(Kind kind) {
  for (const TagClass& c : TagClasses()) {
    if (c.kind == kind) return c.text.substr(0, c.text.find('.'));
  }
  return {};
}

Kind ParseKind(std::string_view text) {
  std::string_view word = text;
  if (word.starts_with("phi:")) word.remove_prefix(4);
  if (const ClassId id = FindClass(word); id != kClassNone) return TagClasses()[id].kind;
  const std::string meant = SuggestClass(word);
  // What was given is not repeated: it may be a value in the wrong place.
  throw Error(sqlstate::kInvalidParameterValue, "unknown kind of identifier",
              "A kind is what a tag says, such as ssn, mrn or name.",
              meant.empty() ? "See docs/tags.md for the kinds."
                            : "Did you mean \"" + meant.substr(4) + "\"?");
}

void AppendBase32(ByteBuffer& out, const unsigned char* bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  char* to = out.Reserve(26);
  unsigned word = 0;
  int bits = 0;
  for (std::size_t i = 0; i < kCodeBytes; ++i) {
    word = word << 8 | bytes[i];
    for (bits += 8; bits >= 5; bits -= 5) *to++ = kDigits[word >> (bits - 5) & 31];
    word &= 0xFF;
  }
  *to++ = kDigits[word << (5 - bits) & 31];
  out.Commit(to);
}

}  // namespace phisync
