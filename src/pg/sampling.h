#pragma once
// Reading rows by SQL text of our own: cursors, privileges, the sizes of tables.

#include "pg/backend.h"
#include "pg/catalog.h"
#include "pg/spi.h"
#include "pg/types.h"

extern "C" {
#include <catalog/pg_namespace.h>
#include <optimizer/plancat.h>
#include <storage/bufmgr.h>
#include <storage/proc.h>
#include <utils/portal.h>
}

namespace phisync::pg {

inline bool MayUseSchema(Oid schema) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#else
  return pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#endif
}

}  // namespace phisync::pg
