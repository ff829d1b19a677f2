#include "masks/surrogates.h"

#include "core/error.h"
#include "pg/boundary.h"
#include "pg/past_index.h"
#include "pg/subtransaction.h"
#include "pg/tables.h"
#include "pg/utility.h"

namespace phisync::masks {
namespace {

// Columns of phisync.surrogate, in the order of extension/12_masks.sql.
enum SurrogateColumn { kScope = 1, kKind, kAddress, kCode };

// Of a surrogate: where it is stored.
struct Place {
  std::string_view scope;
  std::string_view kind;
  const unsigned char* address;
};

Datum ToText(std::string_view s) {
  return PointerGetDatum(cstring_to_text_with_len(s.data(), static_cast<int>(s.size())));
}

void FillKey(const Place& place, Datum* values) {
  values[kScope - 1] = ToText(place.scope);
  values[kKind - 1] = ToText(place.kind);
  values[kAddress - 1] =
      ToText({reinterpret_cast<const char*>(place.address), HmacKey::kDigestBytes});
}

Relation OpenTable(LOCKMODE lock) {
  return table_open(get_relname_relid("surrogate", get_namespace_oid("phisync", false)), lock);
}

// The code, palloc'd; null if there is none.
const char* Find(const Place& place) {
  Datum key[kAddress];
  FillKey(place, key);
  ScanKeyData keys[kAddress];
  ScanKeyInit(&keys[0], kScope, BTEqualStrategyNumber, F_TEXTEQ, key[0]);
  ScanKeyInit(&keys[1], kKind, BTEqualStrategyNumber, F_TEXTEQ, key[1]);
  ScanKeyInit(&keys[2], kAddress, BTEqualStrategyNumber, F_BYTEAEQ, key[2]);
  Relation const surrogates = OpenTable(AccessShareLock);
  Oid const index = get_relname_relid("surrogate_pkey", RelationGetNamespace(surrogates));
  SysScanDesc const scan =
      systable_beginscan(surrogates, index, pg::IndexIsReadable(index), nullptr, kAddress, keys);
  const char* code = nullptr;
  if (HeapTuple const row = systable_getnext(scan); HeapTupleIsValid(row)) {
    bool isnull;
    code = TextDatumGetCString(heap_getattr(row, kCode, RelationGetDescr(surrogates), &isnull));
  }
  systable_endscan(scan);
  table_close(surrogates, AccessShareLock);
  return code;
}

struct NewRow {
  Place place;
  std::string_view code;
};

// Inserts as the server inserts into catalogs: whatever the rights of who asks.
void Insert(void* arg) {
  const auto& row = *static_cast<const NewRow*>(arg);
  Datum values[kCode];
  bool nulls[kCode] = {};
  FillKey(row.place, values);
  values[kCode - 1] = ToText(row.code);
  Relation const surrogates = OpenTable(RowExclusiveLock);
  HeapTuple const tuple = heap_form_tuple(RelationGetDescr(surrogates), values, nulls);
  CatalogTupleInsert(surrogates, tuple);
  table_close(surrogates, NoLock);
  CommandCounterIncrement();
}

bool IsDuplicate(int sqlerrcode) {
  return sqlerrcode == ERRCODE_UNIQUE_VIOLATION;
}

}  // namespace

bool StoredSurrogates::Append(ByteBuffer& out, std::string_view scope, Kind kind,
                              const unsigned char* address) {
  const Place place{scope, KindName(kind), address};
  const char* const code = pg::Call([&] { return Find(place); });
  if (code == nullptr) return false;
  out.Append(std::string_view(code));
  return true;
}

bool NewSurrogates::Append(ByteBuffer& out, std::string_view scope, Kind kind,
                           const unsigned char* address) {
  if (StoredSurrogates::Append(out, scope, kind, address)) return true;
  unsigned char random[kCodeBytes];
  const bool drawn = pg::Call([&] {
    PreventCommandIfReadOnly("phisync.mask_surrogate() of a new value");
    PreventCommandDuringRecovery("phisync.mask_surrogate() of a new value");
    return pg_strong_random(random, sizeof(random));
  });
  if (!drawn) throw Error(sqlstate::kInternalError, "could not draw random bytes");
  ByteBuffer code;
  AppendBase32(code, random);
  NewRow row{{scope, KindName(kind), address}, code.view()};
  if (pg::SurviveError(Insert, &row, IsDuplicate) == nullptr) {
    out.Append(code.view());
    return true;
  }
  // Another session was faster, and has committed: its code is visible to a new catalog snapshot.
  return StoredSurrogates::Append(out, scope, kind, address);
}

}  // namespace phisync::masks
