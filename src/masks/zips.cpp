#include "masks/zips.h"

#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/tables.h"

namespace phisync::masks {
namespace {

// Columns of phisync.zip3_restricted, in the order of extension/12_masks.sql.
enum ZipColumn { kCensus = 1, kZip3 };

struct Cache {
  ZipPrefixes prefixes;
  Oid table = InvalidOid;
  bool valid = false;
  bool registered = false;
};
constinit Cache* cache = nullptr;

void OnRelcacheInvalidation(Datum, Oid relation) {
  if (!OidIsValid(relation) || relation == cache->table) cache->valid = false;
}

// Reads the table into `restricted`, one flag for each prefix; false if it has no row.
bool ReadTable(Oid table, bool* restricted) {
  bool any = false;
  Relation const zips = table_open(table, AccessShareLock);
  SysScanDesc const scan = systable_beginscan(zips, InvalidOid, false, nullptr, 0, nullptr);
  while (HeapTuple const row = systable_getnext(scan)) {
    bool isnull;
    Datum const zip3 = heap_getattr(row, kZip3, RelationGetDescr(zips), &isnull);
    const int number = pg_strtoint32(TextDatumGetCString(zip3));
    if (number >= 0 && number < 1000) restricted[number] = true;
    any = true;
  }
  systable_endscan(scan);
  table_close(zips, AccessShareLock);
  return any;
}

}  // namespace

const ZipPrefixes& RestrictedZips() {
  if (cache == nullptr) cache = new Cache;
  if (!cache->registered) {
    pg::Call([] { CacheRegisterRelcacheCallback(OnRelcacheInvalidation, Datum{0}); });
    cache->registered = true;
  }
  if (cache->valid) return cache->prefixes;
  bool restricted[1000] = {};
  const bool any = pg::Call([&] {
    Oid const schema = get_namespace_oid("phisync", true);
    cache->table = OidIsValid(schema) ? get_relname_relid("zip3_restricted", schema) : InvalidOid;
    // Before the scan: a change that comes in during it must not be lost.
    cache->valid = true;
    return OidIsValid(cache->table) && ReadTable(cache->table, restricted);
  });
  if (any) {
    cache->prefixes.reset();
    for (std::size_t i = 0; i < 1000; ++i) cache->prefixes[i] = restricted[i];
  } else {
    cache->prefixes = BuiltInRestrictedZips();
  }
  return cache->prefixes;
}

void ForgetZips() {
  if (cache != nullptr) cache->valid = false;
}

}  // namespace phisync::masks

// Trigger of phisync.zip3_restricted: rows of a table are not what caches hear of, so the table
// itself is said to have changed. The message is logged with the transaction, hence exact while
// changes are decoded.
PHISYNC_FUNCTION(phisync_zip3_changed) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
            errmsg("phisync.zip3_changed is a trigger of phisync.zip3_restricted"));
  }
  CacheInvalidateRelcache(reinterpret_cast<TriggerData*>(fcinfo->context)->tg_relation);
  return Datum{0};
}

// zip3_built_in(): the lists of the library.
PHISYNC_FUNCTION(phisync_zip3_built_in) {
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  InitMaterializedSRF(fcinfo, 0);
  for (const phisync::RestrictedZip& zip : phisync::kRestrictedZips) {
    Datum values[] = {Int16GetDatum(zip.census), CStringGetTextDatum(psprintf("%03d", zip.zip3))};
    bool nulls[2] = {};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  return Datum{0};
}
