#include "masks/surrogates.h"

#include <cstring>

#include "core/error.h"
#include "pg/boundary.h"
#include "pg/locks.h"
#include "pg/past_index.h"
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

// The place's code, palloc'd, as the snapshot (null: the catalog's) shows it; null if there is
// none.
const char* Read(Relation surrogates, const Place& place, Snapshot snapshot) {
  Datum key[kAddress];
  FillKey(place, key);
  ScanKeyData keys[kAddress];
  ScanKeyInit(&keys[0], kScope, BTEqualStrategyNumber, F_TEXTEQ, key[0]);
  ScanKeyInit(&keys[1], kKind, BTEqualStrategyNumber, F_TEXTEQ, key[1]);
  ScanKeyInit(&keys[2], kAddress, BTEqualStrategyNumber, F_BYTEAEQ, key[2]);
  Oid const index = get_relname_relid("surrogate_pkey", RelationGetNamespace(surrogates));
  SysScanDesc const scan =
      systable_beginscan(surrogates, index, pg::IndexIsReadable(index), snapshot, kAddress, keys);
  const char* code = nullptr;
  if (HeapTuple const row = systable_getnext(scan); HeapTupleIsValid(row)) {
    bool isnull;
    code = TextDatumGetCString(heap_getattr(row, kCode, RelationGetDescr(surrogates), &isnull));
  }
  systable_endscan(scan);
  return code;
}

const char* Find(const Place& place) {
  Relation const surrogates = OpenTable(AccessShareLock);
  const char* const code = Read(surrogates, place, nullptr);
  table_close(surrogates, AccessShareLock);
  return code;
}

// Advisory locks of SQL have 1 or 2 here, so that no user can hold ours; 3 are those of consumers.
constexpr std::uint16_t kLockClass = 4;

LOCKTAG Tag(const Place& place) {
  uint64 key;
  memcpy(&key, place.address, sizeof(key));
  LOCKTAG tag;
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32), static_cast<uint32>(key),
                       kLockClass);
  return tag;
}

enum class Stored : std::uint8_t {
  kNow,
  kBefore,   // there is one, of this transaction or of one that has committed
  kPerhaps,  // another transaction had stored one, or taken one away, and has ended since
};

// Stores the code unless somebody has stored one. Without a subtransaction, of which a load of many
// values would have as many: whoever looks for others' rows and inserts does so alone, and what was
// inserted is seen by the next from then on, committed or not. Inserts as the server inserts into
// catalogs: whatever the rights of who asks.
Stored Insert(const Place& place, std::string_view code) {
  const LOCKTAG alone = Tag(place);
  LockAcquire(&alone, ExclusiveLock, false, false);
  Relation const surrogates = OpenTable(RowExclusiveLock);
  SnapshotData dirty;
  InitDirtySnapshot(dirty);
  const bool is_there = Read(surrogates, place, &dirty) != nullptr;
  if (!is_there) {
    Datum values[kCode];
    bool nulls[kCode] = {};
    FillKey(place, values);
    values[kCode - 1] = ToText(code);
    CatalogTupleInsert(surrogates, heap_form_tuple(RelationGetDescr(surrogates), values, nulls));
    CommandCounterIncrement();
  }
  table_close(surrogates, NoLock);
  LockRelease(&alone, ExclusiveLock, false);
  if (!is_there) return Stored::kNow;
  TransactionId const other = TransactionIdIsValid(dirty.xmin) ? dirty.xmin : dirty.xmax;
  if (!TransactionIdIsValid(other)) return Stored::kBefore;
  XactLockTableWait(other, nullptr, nullptr, XLTW_None);
  return Stored::kPerhaps;
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
  const Place place{scope, KindName(kind), address};
  ByteBuffer code;
  while (!StoredSurrogates::Append(out, scope, kind, address)) {
    unsigned char random[kCodeBytes];
    const bool drawn = pg::Call([&] {
      PreventCommandIfReadOnly("phisync.mask_surrogate() of a new value");
      PreventCommandDuringRecovery("phisync.mask_surrogate() of a new value");
      return pg_strong_random(random, sizeof(random));
    });
    if (!drawn) throw Error(sqlstate::kInternalError, "could not draw random bytes");
    code.Clear();
    AppendBase32(code, random);
    const Stored stored = pg::Call([&] { return Insert(place, code.view()); });
    if (stored == Stored::kPerhaps) continue;
    if (stored == Stored::kBefore) return StoredSurrogates::Append(out, scope, kind, address);
    ++made_;
    out.Append(code.view());
    return true;
  }
  return true;
}

}  // namespace phisync::masks
