#pragma once
// Codes derived under a key: pseudonyms, the addresses of surrogates, and date shifts.
//
// From the one master key each scope (a consumer, a study) has keys of its own for each of the
// three: HKDF-SHA256 (RFC 5869, no salt) with the info "phisync/1/pseudonym/SCOPE" and its like.
// So codes of two scopes cannot be compared, and a pseudonym says nothing about a date shift.

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/byte_buffer.h"
#include "core/secret.h"
#include "core/tag_class.h"

struct evp_mac_ctx_st;

namespace phisync {

// HMAC-SHA256 under one key, in one context that is made once: fetching it for each value would
// take several times as long. Not for two threads. Error XX000 if OpenSSL refuses.
class HmacKey {
 public:
  static constexpr std::size_t kDigestBytes = 32;

  explicit HmacKey(const Secret& key);
  // Of the bytes of `head` followed by those of `tail`.
  void Sign(std::string_view head, std::string_view tail, unsigned char* digest);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

class ScopeKeys {
 public:
  // Error 22023 if `scope` is not a name.
  ScopeKeys(const Secret& master, std::string_view scope);

  // The HMAC over the kind's name, the length of the canonical value in 8 bytes, the highest first,
  // and the value; its first 16 bytes, in base 32, are the pseudonym.
  void Pseudonym(Kind kind, std::string_view canonical, unsigned char* digest);

  // The HMAC over the same under the scope's key for surrogates: where its surrogate is stored.
  void SurrogateAddress(Kind kind, std::string_view canonical, unsigned char* digest);

  // By how many days all dates of the subject move: -limit to -1 or 1 to limit, each as likely.
  // The first 8 bytes of the HMAC, highest first, modulo 2*limit, less limit, and one more from 0
  // on.
  int ShiftDays(std::string_view subject, int limit);

 private:
  HmacKey pseudonym_;
  HmacKey surrogate_;
  HmacKey shift_;
};

// What counts as the same value of a kind: blanks at both ends are cut; of ssn, phone and fax only
// the digits count, if there are any; of email upper and lower case of A to Z are the same. The
// text must be in Unicode normal form C already. Appends to `out`, and gives what it appended.
std::string_view AppendCanonical(ByteBuffer& out, Kind kind, std::string_view text);

// "ssn", "name": the part of a class before its point.
std::string_view KindName(Kind kind);

// The kind of "ssn", "name.given" or "phi:ssn". Error 22023, with the nearest, if there is none.
Kind ParseKind(std::string_view text);

// 16 bytes as 26 characters of base 32 (RFC 4648, without padding).
inline constexpr std::size_t kCodeBytes = 16;
void AppendBase32(ByteBuffer& out, const unsigned char* bytes);

}  // namespace phisync
