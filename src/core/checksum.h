#pragma once
// Checksums of put and remove records, the ones PowerSync's clients verify.

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/byte_buffer.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace phisync {

// Keeps one digest context and its working memory, so make one and use it for many records; not for
// two threads. Construction and use throw Error XX000 if the OpenSSL library refuses SHA-256.
class Checksummer {
 public:
  Checksummer();
  ~Checksummer();
  Checksummer(const Checksummer&) = delete;
  Checksummer& operator=(const Checksummer&) = delete;

  // The first four bytes, little endian, of SHA-256 over `put.<type>.<id>.<data>`.
  std::uint32_t Put(std::string_view type, std::string_view id, std::string_view data);
  // The same over `delete.<subkey>`.
  std::uint32_t Remove(std::string_view subkey);

 private:
  struct ContextFree {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  struct DigestFree {
    void operator()(evp_md_st* digest) const noexcept;
  };
  std::uint32_t Fold();

  std::unique_ptr<evp_md_st, DigestFree> digest_;
  std::unique_ptr<evp_md_ctx_st, ContextFree> context_;
  ByteBuffer text_;
};

}  // namespace phisync
