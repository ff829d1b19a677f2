#pragma once
// The master key of keyed transformations, from phisync.key_file or phisync.key_command, and what
// is derived from it. Read when first needed, by the process that needs it, and kept until it ends
// or one of the two settings changes.

#include <cstdint>
#include <string_view>

#include "core/scope_keys.h"

namespace phisync::masks {

void DefineKeySettings();

// The keys of a scope. Error 55000 if there is no key, or it cannot be read or is refused.
ScopeKeys& KeysOf(std::string_view scope);

// Changes when what KeysOf gave before is no longer valid. Ask after KeysOf, before use.
std::uint64_t KeyGeneration();

// Changes with the two settings: a key that was not to be had may be there now.
std::uint64_t KeySettings();

}  // namespace phisync::masks
