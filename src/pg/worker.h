#pragma once
// The server's headers for shared memory, latches and background workers.

#include "pg/backend.h"

extern "C" {
#include <access/parallel.h>
#include <access/xlog.h>
#include <catalog/pg_database.h>
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/condition_variable.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lwlock.h>
#include <storage/proc.h>
#include <storage/shmem.h>
#include <tcop/tcopprot.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}
