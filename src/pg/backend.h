#pragma once
// The server's headers that most glue needs. Every raw server header is included in src/pg alone;
// what a capability needs besides stands in a topical header next to this one.

// Empty before PG 16, where -fvisibility=hidden would then hide the magic block and every function.
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))

extern "C" {
#include <postgres.h>

#include <access/htup_details.h>
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <fmgr.h>
#include <funcapi.h>
#include <miscadmin.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/rel.h>
#include <utils/syscache.h>
}

// The server's printf replacements must not reach the standard library's names.
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vsnprintf
#undef vsprintf
#undef vfprintf
#undef vprintf
#undef strerror
#undef strerror_r
#undef bind
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext
