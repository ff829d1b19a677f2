#pragma once
// Which kinds of PHI a statement must be granted to read a relation's columns.

#include <vector>

#include "core/read_kinds.h"
#include "pg/permissions.h"

namespace phisync::reads {

// The role that owns the masked views: what they read of their tables, they have masked.
inline constexpr const char* kMaskingRole = "phisync_masked";

struct Need {
  AttrNumber column;
  ReadKind kind;
};

// Of the relation's columns and of those that its partitions and heirs have in their place: a query
// of the parent reads them, too. None for columns that are no PHI. Kept until the server says that
// the tags changed; good until the next call. Throws.
const std::vector<Need>& NeedsOf(Oid relation);

// Whether a set of columns has this one; 0 stands for the whole row.
inline bool IsNamed(const Bitmapset* columns, AttrNumber column) {
  return bms_is_member(column - FirstLowInvalidHeapAttributeNumber, columns);
}

// Whether it is the role that owns the masked views. Throws.
bool IsMasking(Oid role);

// Calls found(relation, need) for each PHI column that the entries of a statement read, but for
// what masked views read. Throws.
template <typename Found>
void EachNeed(const List* entries, Found found) {
  const int count = list_length(entries);
  for (int i = 0; i < count; ++i) {
    const pg::AccessEntry* entry = pg::ReadEntry(entries, i);
    if (entry == nullptr || IsMasking(entry->checkAsUser)) continue;
    const std::vector<Need>& needs = NeedsOf(entry->relid);
    if (needs.empty()) continue;
    const bool whole = IsNamed(entry->selectedCols, InvalidAttrNumber);
    for (const Need need : needs) {
      if (whole || IsNamed(entry->selectedCols, need.column)) found(entry->relid, need);
    }
  }
}

void InitNeeds();

}  // namespace phisync::reads
