#pragma once
// Texts of which only a part stays. Each function says false, and appends nothing, where the text
// is not what it is for: then nothing of it may be shown.

#include <string_view>

#include "core/byte_buffer.h"

namespace phisync {

// The first `prefix` and last `suffix` characters (code points), `fill` once for each between. If
// fewer than three would be filled, all are: short values do not survive. Empty stays empty.
void AppendPartial(ByteBuffer& out, std::string_view text, int prefix, int suffix,
                   std::string_view fill);

// xxxxx@redacted.invalid, an address that no mail reaches (RFC 2606), or the domain that it has.
bool AppendEmail(ByteBuffer& out, std::string_view text, bool keep_domain);

// The host of a URL with an authority (scheme://host), in lower case, without user and port. A host
// that is an address in numbers is none.
bool AppendHost(ByteBuffer& out, std::string_view text);

}  // namespace phisync
