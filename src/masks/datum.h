#pragma once
// Datums as values of the core, and back.

#include "core/byte_buffer.h"
#include "core/transform_apply.h"
#include "pg/boundary.h"

namespace phisync::masks {

// What transformations of a column of this type work on; domains count as their base, enums and
// uuid as text.
ValueType ValueTypeOf(Oid type);

// A value of one of the types that the functions phisync.mask_... take; texts in UTF-8. Texts that
// have to be written are appended to `buffer`, and hold until it grows again.
Value ReadValue(Oid type, Datum datum, ByteBuffer& buffer);

// Back to a datum of the type, which is ReadValue's or, for codes, text.
Datum MakeDatum(Oid type, const Value& value);

}  // namespace phisync::masks
