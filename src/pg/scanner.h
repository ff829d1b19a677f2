#pragma once
// The server's lexer.

#include "pg/parser.h"

extern "C" {
#include <common/keywords.h>
#include <parser/scanner.h>
}
