#include "tags/tags.h"

#include "pg/boundary.h"
#include "tags/provider.h"
#include "tags/resolver.h"

namespace phisync::tags {

RelationTags EffectiveTags(Oid relation) {
  Resolver resolver;
  return resolver.Resolve(relation).tags;
}

OutputSources SourcesOf(const Query* query, AttrNumber number) {
  const auto* const facts = pg::Call([&] {
    auto* const f = static_cast<ColumnFacts*>(palloc0(sizeof(ColumnFacts)));
    TraceQuery(const_cast<Query*>(query), number, f);
    return const_cast<const ColumnFacts*>(f);
  });
  OutputSources sources;
  for (int i = 0; i < list_length(facts->reads); ++i) {
    const Read& read = *static_cast<const Read*>(list_nth(facts->reads, i));
    sources.columns.push_back({read.relation, read.column, read.heirs});
  }
  sources.untold = facts->reads_unknown ||
                   (facts->calls_opaque && pg::Call([] { return AnyPhiLabel(nullptr); }));
  return sources;
}

const char* SourceName(Source source) {
  constexpr const char* kNames[] = {"none", "own", "parent", "view", "generated", "schema"};
  return kNames[static_cast<int>(source)];
}

void Init() {
  RegisterProvider();
}

}  // namespace phisync::tags
