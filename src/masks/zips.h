#pragma once
// The ZIP prefixes that are shown as 000: those of phisync.zip3_restricted, or the built-in ones
// while it is empty.

#include "core/zip_prefixes.h"

namespace phisync::masks {

// As they are in force for the catalog snapshot: while changes are decoded, as they were then. The
// reference stays valid; what it refers to changes with the next call.
const ZipPrefixes& RestrictedZips();

// The next call reads them anew: what comes may be decoded under an earlier snapshot.
void ForgetZips();

}  // namespace phisync::masks
