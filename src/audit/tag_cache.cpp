#include "audit/tag_cache.h"

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "pg/boundary.h"
#include "tags/tags.h"

namespace phisync::audit {
namespace {

struct Entry {
  TaggedRelation relation;
  bool fresh = false;
  bool view = false;        // its tags come from other relations, so it ages with them
  std::uint64_t epoch = 0;  // of a view: value of `changes` when it was computed
};

constexpr std::size_t kMaxEntries = 8192;

std::unordered_map<Oid, Entry>* entries = nullptr;
std::uint64_t changes = 0;

// May come in the middle of TagsOf: marks, frees nothing.
void OnRelcacheChange(Datum, Oid relation) {
  ++changes;
  if (entries == nullptr) return;
  if (relation == InvalidOid) {
    for (auto& [oid, entry] : *entries) entry.fresh = false;
  } else if (const auto found = entries->find(relation); found != entries->end()) {
    found->second.fresh = false;
  }
}

}  // namespace

const std::string& TaggedRelation::TagOf(AttrNumber attnum) const {
  static const std::string* const none = new std::string;
  if (attnum < 1 || static_cast<std::size_t>(attnum) > tags.size()) return *none;
  return tags[attnum - 1];
}

const TaggedRelation& TagsOf(Oid relation) {
  if (entries == nullptr) entries = new std::unordered_map<Oid, Entry>;
  // A session that makes temporary tables for ever does not grow for ever.
  if (entries->size() > kMaxEntries) entries->clear();
  Entry& entry = (*entries)[relation];
  if (entry.fresh && (!entry.view || entry.epoch == changes)) return entry.relation;
  // First, so that a change that arrives while the catalogs are read marks it again.
  entry.fresh = true;
  entry.epoch = changes;
  try {
    const char kind = pg::Call([&] { return get_rel_relkind(relation); });
    entry.view = kind == RELKIND_VIEW || kind == RELKIND_MATVIEW;
    tags::RelationTags effective = tags::EffectiveTags(relation);
    TaggedRelation fresh;
    fresh.holds_phi = effective.holds_phi;
    if (effective.holds_phi) {
      for (tags::ColumnTag& column : effective.columns) {
        fresh.tags.push_back(column.phi ? std::move(column.text) : std::string());
      }
    }
    entry.relation = std::move(fresh);
  } catch (...) {
    entry.fresh = false;
    throw;
  }
  return entry.relation;
}

void InitTagCache() {
  CacheRegisterRelcacheCallback(OnRelcacheChange, Datum(0));
}

}  // namespace phisync::audit
