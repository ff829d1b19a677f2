#pragma once
// The server's headers for encodings and Unicode.

#include "pg/backend.h"

extern "C" {
#include <common/unicode_norm.h>
#include <mb/pg_wchar.h>
}
