#pragma once
// What belongs to an extension.

#include "pg/catalog.h"

extern "C" {
#include <catalog/dependency.h>
#include <commands/extension.h>
}
