#pragma once
// What differs between the majors 15 to 18.

#include "pg/backend.h"

extern "C" {
#include <nodes/nodeFuncs.h>
#include <nodes/plannodes.h>
}

#ifdef USE_ASSERT_CHECKING
// On such a server castNode is a function, which takes no pointer to const.
inline Node* castNodeImpl(NodeTag type, const void* node) {
  return castNodeImpl(type, const_cast<void*>(node));
}
#endif

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

// Who the client proved to be, as method:identity; null where the server does not keep it.
inline const char* AuthenticatedIdentity() {
#if PG_VERSION_NUM >= 160000
  return GetSystemUser();
#else
  return nullptr;
#endif
}

// What a statement may do with a relation, and to which columns.
struct Touched {
  AclMode mode;
  const Bitmapset* selected;
  const Bitmapset* inserted;
  const Bitmapset* updated;
};

// Of a range table entry that the statement itself names; mode 0 for others (members of an
// inheritance tree, helpers of the rewriter).
inline Touched TouchedOf([[maybe_unused]] const PlannedStmt* statement,
                         const RangeTblEntry* entry) {
#if PG_VERSION_NUM >= 160000
  if (entry->perminfoindex == 0) return {0, nullptr, nullptr, nullptr};
  const auto* p = static_cast<const RTEPermissionInfo*>(
      list_nth(statement->permInfos, static_cast<int>(entry->perminfoindex) - 1));
  return {p->requiredPerms, p->selectedCols, p->insertedCols, p->updatedCols};
#else
  return {entry->requiredPerms, entry->selectedCols, entry->insertedCols, entry->updatedCols};
#endif
}

}  // namespace phisync::pg
