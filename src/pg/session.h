#pragma once
// The server's headers for who is connected, and the time.

#include "pg/backend.h"

extern "C" {
#include <access/genam.h>
#include <catalog/namespace.h>
#include <storage/lmgr.h>
#include <utils/backend_status.h>
#include <utils/date.h>
#include <utils/datetime.h>
#include <utils/json.h>
#include <utils/timestamp.h>
}
