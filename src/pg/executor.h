#pragma once
// The server's headers for plans, tuples, triggers and queries run from inside the server.

#include "pg/backend.h"

extern "C" {
#include <access/relation.h>
#include <access/table.h>
#include <catalog/partition.h>
#include <commands/trigger.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <nodes/execnodes.h>
#include <nodes/plannodes.h>
#include <optimizer/clauses.h>
#include <parser/parsetree.h>
#include <tcop/cmdtag.h>
#include <tcop/utility.h>
#include <utils/array.h>
#include <utils/datum.h>
#include <utils/snapmgr.h>
}
