#include "reads/needs.h"

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "pg/boundary.h"
#include "pg/catalog.h"
#include "tags/tags.h"

namespace phisync::reads {
namespace {

struct Entry {
  bool fresh = false;
  std::vector<Need> needs;
  std::vector<Oid> heirs;
};

constexpr std::size_t kMaxEntries = 8192;

struct Cache {
  std::unordered_map<Oid, Entry> entries;
  std::unordered_multimap<Oid, Oid> parents;  // of heirs in `entries`, at any depth
};
Cache* cache = nullptr;

// May come in the middle of NeedsOf: marks, frees nothing.
void OnRelcacheChange(Datum, Oid relation) {
  if (cache == nullptr) return;
  if (relation == InvalidOid) {
    for (auto& [oid, entry] : cache->entries) entry.fresh = false;
    return;
  }
  const auto mark = [](Oid oid) {
    if (const auto found = cache->entries.find(oid); found != cache->entries.end()) {
      found->second.fresh = false;
    }
  };
  mark(relation);
  const auto [first, last] = cache->parents.equal_range(relation);
  for (auto it = first; it != last; ++it) mark(it->second);
}

void ForgetHeirs(Oid relation, Entry& entry) {
  for (const Oid heir : entry.heirs) {
    const auto [first, last] = cache->parents.equal_range(heir);
    for (auto it = first; it != last; ++it) {
      if (it->second != relation) continue;
      cache->parents.erase(it);
      break;
    }
  }
  entry.heirs.clear();
}

// Values of columns as ANALYZE sampled them, of whatever table.
std::vector<Need> SamplesIn(Oid catalog) {
  if (catalog == StatisticRelationId) {
    std::vector<Need> needs;
    for (int i = 0; i < STATISTIC_NUM_SLOTS; ++i) {
      needs.push_back({static_cast<AttrNumber>(Anum_pg_statistic_stavalues1 + i), kReadSamples});
    }
    return needs;
  }
  if (catalog == StatisticExtDataRelationId) {
    return {{Anum_pg_statistic_ext_data_stxdmcv, kReadSamples},
            {Anum_pg_statistic_ext_data_stxdexpr, kReadSamples}};
  }
  return {};
}

// A label that another version wrote counts as unclassified.
ReadKind KindOf(const tags::ColumnTag& tag) {
  constexpr std::string_view kPrefix = "phi:";
  const std::string_view text = tag.text;
  const ClassId id =
      text.starts_with(kPrefix) ? FindClass(text.substr(kPrefix.size())) : kClassNone;
  return id != kClassNone ? id : kReadUnclassified;
}

bool IsMaskedView(Oid relation) {
  return pg::Call([&] {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return false;
    const auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    const bool view = form->relkind == RELKIND_VIEW;
    const Oid owner = form->relowner;
    ReleaseSysCache(tuple);
    return view && owner == get_role_oid(kMaskingRole, true);
  });
}

void AddHeir(Oid relation, Oid heir, std::vector<Need>& needs) {
  const tags::RelationTags tags = tags::EffectiveTags(heir);
  for (std::size_t i = 0; i < tags.columns.size(); ++i) {
    if (!tags.columns[i].phi) continue;
    const AttrNumber column = pg::Call([&] {
      const char* name = get_attname(heir, static_cast<AttrNumber>(i + 1), true);
      return name != nullptr ? get_attnum(relation, name) : InvalidAttrNumber;
    });
    if (column <= 0) continue;
    const ReadKind kind = KindOf(tags.columns[i]);
    bool known = false;
    for (const Need& need : needs) known = known || (need.column == column && need.kind == kind);
    if (!known) needs.push_back({column, kind});
  }
}

void Fill(Oid relation, Entry& entry) {
  std::vector<Need> needs;
  if (!IsMaskedView(relation)) {
    const tags::RelationTags tags = tags::EffectiveTags(relation);
    for (std::size_t i = 0; i < tags.columns.size(); ++i) {
      if (!tags.columns[i].phi) continue;
      needs.push_back({static_cast<AttrNumber>(i + 1), KindOf(tags.columns[i])});
    }
    const List* members = pg::Call([&] {
      return has_subclass(relation) ? find_all_inheritors(relation, NoLock, nullptr) : nullptr;
    });
    for (int i = 0; i < list_length(members); ++i) {
      const Oid heir = list_nth_oid(members, i);
      if (heir == relation) continue;
      // Before its tags are read, so that a change that arrives meanwhile is not missed.
      entry.heirs.push_back(heir);
      cache->parents.emplace(heir, relation);
      AddHeir(relation, heir, needs);
    }
  }
  entry.needs = std::move(needs);
}

}  // namespace

const std::vector<Need>& NeedsOf(Oid relation) {
  if (cache == nullptr) cache = new Cache;
  // A session that makes temporary tables for ever does not grow for ever.
  if (cache->entries.size() > kMaxEntries) *cache = Cache();
  Entry& entry = cache->entries[relation];
  if (entry.fresh) return entry.needs;
  // First, so that a change that arrives while the catalogs are read marks it again.
  entry.fresh = true;
  try {
    if (relation < FirstNormalObjectId) {
      entry.needs = SamplesIn(relation);
    } else {
      ForgetHeirs(relation, entry);
      Fill(relation, entry);
    }
  } catch (...) {
    entry.fresh = false;
    throw;
  }
  return entry.needs;
}

bool IsMasking(Oid role) {
  return OidIsValid(role) && role == pg::Call([] { return get_role_oid(kMaskingRole, true); });
}

void InitNeeds() {
  pg::Call([] { CacheRegisterRelcacheCallback(OnRelcacheChange, Datum(0)); });
}

}  // namespace phisync::reads
