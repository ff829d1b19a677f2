#pragma once
// The server's headers for utility commands.

#include "pg/backend.h"

extern "C" {
#include <catalog/namespace.h>
#include <commands/dbcommands.h>
#include <commands/defrem.h>
#include <nodes/parsenodes.h>
}
