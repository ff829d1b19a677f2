#pragma once
// What an event trigger's function is given, and the catalogs that it asks.

#include "pg/catalog.h"
#include "pg/spi.h"

extern "C" {
#include <catalog/pg_index.h>
#include <commands/event_trigger.h>
#include <nodes/parsenodes.h>
#include <utils/snapmgr.h>
}
