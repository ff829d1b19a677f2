#pragma once
// Query trees that are stored as the bodies of SQL functions, and their text.

#include "pg/parser.h"

extern "C" {
#include <catalog/dependency.h>
#include <catalog/pg_depend.h>
#include <utils/ruleutils.h>
}
