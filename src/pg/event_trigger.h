#pragma once
// Event triggers, the statements that they see, and labels set without a statement.

#include "pg/seclabel.h"
#include "pg/spi.h"

extern "C" {
#include <commands/event_trigger.h>
#include <commands/extension.h>
#include <commands/prepare.h>
#include <executor/executor.h>
#include <nodes/nodeFuncs.h>
#include <optimizer/optimizer.h>
#include <utils/plancache.h>
}
