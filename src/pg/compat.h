#pragma once
// What differs between the majors 15 to 18.

#include "pg/backend.h"

extern "C" {
#include <nodes/nodeFuncs.h>
}

namespace phisync::pg {

using TreeWalker = bool (*)(Node* node, void* context);

#if PG_VERSION_NUM < 160000
// The tree walkers take a function without a prototype, which C++ reads as one without arguments.
inline bool (*Untyped(TreeWalker walker))() {
  return reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker));
}
#endif

inline bool WalkRawTree(Node* node, TreeWalker walker, void* context) {
#if PG_VERSION_NUM < 160000
  return raw_expression_tree_walker(node, Untyped(walker), context);
#else
  return raw_expression_tree_walker(node, walker, context);
#endif
}

inline bool WalkExpression(Node* node, TreeWalker walker, void* context) {
#if PG_VERSION_NUM < 160000
  return expression_tree_walker(node, Untyped(walker), context);
#else
  return expression_tree_walker(node, walker, context);
#endif
}

inline bool WalkQuery(Query* query, TreeWalker walker, void* context, int flags) {
#if PG_VERSION_NUM < 160000
  return query_tree_walker(query, Untyped(walker), context, flags);
#else
  return query_tree_walker(query, walker, context, flags);
#endif
}

// The primary key's index if it identifies rows at every moment, else InvalidOid.
inline Oid PrimaryKeyIndex(Relation relation) {
#if PG_VERSION_NUM < 180000
  return RelationGetPrimaryKeyIndex(relation);
#else
  return RelationGetPrimaryKeyIndex(relation, false);
#endif
}

}  // namespace phisync::pg
