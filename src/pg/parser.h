#pragma once
// The server's own grammar, parse analysis and expression planner.

#include "pg/backend.h"

extern "C" {
#include <nodes/makefuncs.h>
#include <nodes/nodeFuncs.h>
#include <nodes/parsenodes.h>
#include <optimizer/optimizer.h>
#include <parser/analyze.h>
#include <parser/parse_clause.h>
#include <parser/parse_collate.h>
#include <parser/parse_expr.h>
#include <parser/parse_node.h>
#include <parser/parse_relation.h>
#include <parser/parse_target.h>
#include <parser/parser.h>
}

#include "pg/compat.h"
