#pragma once
// Locks of our own among the server's, and who holds them.

#include "pg/backend.h"

extern "C" {
#include <common/hashfn.h>
#include <pgstat.h>
#include <storage/latch.h>
#include <storage/lock.h>
#include <storage/proc.h>
#include <storage/procarray.h>
#include <utils/timestamp.h>
#include <utils/wait_event.h>
}
