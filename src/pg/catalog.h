#pragma once
// Reading catalogs and user catalog tables by scan, resolving names, locks and privileges.

#include "pg/backend.h"

extern "C" {
#include <access/genam.h>
#include <access/relation.h>
#include <access/table.h>
#include <catalog/catalog.h>
#include <catalog/namespace.h>
#include <catalog/partition.h>
#include <catalog/pg_class.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_inherits.h>
#include <catalog/pg_proc.h>
#include <storage/lmgr.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/fmgroids.h>
#include <utils/rls.h>
}
