#pragma once

#include "pg/catalog.h"

namespace phisync::sync {

// Warns if the profile sends surrogates of the table, or of one below it, and nothing makes them
// for rows that are written. Raises the server's errors; the frame of the caller may own nothing.
void WarnIfNotMade(Relation table, const char* profile);

}  // namespace phisync::sync
