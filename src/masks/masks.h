#pragma once
// Transformations in the server: their key, the ZIP prefixes in force, stored surrogates.

namespace phisync::masks {

// Defines the settings; once, when the library is loaded.
void Init();

}  // namespace phisync::masks
