#pragma once
// The catalog of constraints.

#include "pg/catalog.h"

extern "C" {
#include <catalog/pg_constraint.h>
}
