#pragma once
// Security labels, the catalogs of inheritance and views, and stored query trees.

#include "pg/catalog.h"
#include "pg/compat.h"

extern "C" {
#include <catalog/dependency.h>
#include <catalog/indexing.h>
#include <catalog/pg_attrdef.h>
#include <catalog/pg_attribute.h>
#include <catalog/pg_depend.h>
#include <catalog/pg_largeobject.h>
#include <catalog/pg_namespace.h>
#include <catalog/pg_rewrite.h>
#include <catalog/pg_seclabel.h>
#include <catalog/pg_statistic.h>
#include <catalog/pg_statistic_ext_data.h>
#include <commands/seclabel.h>
#include <nodes/nodeFuncs.h>
#include <nodes/parsenodes.h>
#include <optimizer/optimizer.h>
#include <parser/parsetree.h>
}
