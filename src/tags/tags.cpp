#include "tags/tags.h"

#include "tags/provider.h"
#include "tags/resolver.h"

namespace phisync::tags {

RelationTags EffectiveTags(Oid relation) {
  Resolver resolver;
  return resolver.Resolve(relation).tags;
}

const char* SourceName(Source source) {
  constexpr const char* kNames[] = {"none", "own", "parent", "view", "generated", "schema"};
  return kNames[static_cast<int>(source)];
}

void Init() {
  RegisterProvider();
}

}  // namespace phisync::tags
