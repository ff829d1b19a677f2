#pragma once
// Labels that follow from a command on tables rather than from SECURITY LABEL.

#include <string>

#include "pg/backend.h"

namespace phisync::tags {

// Stores the label of a column of the relation (0: of the relation itself), without the checks of
// SECURITY LABEL. Later commands see it. Throws.
void StoreLabel(Oid relation, AttrNumber column, const std::string& label);

// Removes it. Throws.
void RemoveLabel(Oid relation, AttrNumber column);

// To be called once after all of the above: makes caches forget the tags of the relation and of all
// that follow it, and what was stored visible. Throws.
void FinishLabels(Oid relation);

// What a command did to relations: made or changed tables (and foreign tables) or views, but for
// those of an extension's script; or dropped columns of tables that are still there.
enum class Affected { kTables, kViews, kWithoutColumn };

// Those of the command of an event trigger: at its end, or of sql_drop for kWithoutColumn;
// palloc'd. The caller's frame may own nothing.
List* RelationsOfCommand(Affected affected);

}  // namespace phisync::tags
