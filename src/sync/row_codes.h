#pragma once
// Rows of a sensitivity of their own (docs/tags.md, "rows").

#include <optional>

#include "pg/catalog.h"
#include "pg/types.h"
#include "profiles/profiles.h"

namespace phisync::sync {

// A column with codes of the row's own sensitivity: a row with one that the profile has no consent
// for is in no bucket.
struct RowCodes {
  AttrNumber attnum = 0;
  bool elements = false;  // the column is an array of texts
};

// Nothing if the column's type is neither text nor an array of texts (any more). Throws.
std::optional<RowCodes> RowCodesOf(Relation relation, AttrNumber column);

// Whether the profile has consent for every code in the value: a text of codes with blanks, commas
// or semicolons between, or with `elements` an array of such texts. Nobody has consented to a code
// that is not known. Throws.
bool HasConsents(const profiles::Profile& profile, Datum value, bool elements);

}  // namespace phisync::sync
