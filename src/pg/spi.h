#pragma once
// Statements from C++; never while changes are decoded.

#include "pg/backend.h"

extern "C" {
#include <executor/spi.h>
}
