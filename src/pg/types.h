#pragma once
// The server's built-in types as they are stored.

#include "pg/backend.h"

extern "C" {
#include <access/detoast.h>
#include <access/tupmacs.h>
#include <common/shortest_dec.h>
#include <pgtime.h>
#include <utils/array.h>
#include <utils/bytea.h>
#include <utils/cash.h>
#include <utils/date.h>
#include <utils/float.h>
#include <utils/geo_decls.h>
#include <utils/inet.h>
#include <utils/json.h>
#include <utils/jsonb.h>
#include <utils/multirangetypes.h>
#include <utils/numeric.h>
#include <utils/pg_lsn.h>
#include <utils/rangetypes.h>
#include <utils/timestamp.h>
#include <utils/typcache.h>
#include <utils/uuid.h>
}
