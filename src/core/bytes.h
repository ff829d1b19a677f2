#pragma once
// Bytes as text: UUIDs, hexadecimal, base64, log sequence numbers.

#include <cstdint>
#include <string_view>

#include "core/byte_buffer.h"

namespace phisync {

// 16 bytes as 4b113bf1-eb3c-587b-a65a-6bd0105fb8d5.
void AppendUuid(ByteBuffer& out, const unsigned char* bytes);
// Lower case, no prefix.
void AppendHex(ByteBuffer& out, std::string_view bytes);
// RFC 4648 section 4, with padding, no line breaks.
void AppendBase64(ByteBuffer& out, std::string_view bytes);
// Both halves in upper-case hexadecimal: 16/B374D848.
void AppendLsn(ByteBuffer& out, std::uint64_t lsn);
// Both halves padded to eight digits, so that text order is log order: 00000016/B374D848.
void AppendPaddedLsn(ByteBuffer& out, std::uint64_t lsn);

}  // namespace phisync
