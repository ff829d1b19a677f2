#pragma once
// The server's headers for reading files and the output of programs.

#include "pg/backend.h"

extern "C" {
#include <storage/fd.h>
}
