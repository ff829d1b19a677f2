#pragma once
// Whether a change of a label takes protection away: what it says about PHI decides what consumers
// get, whom the audit names and what retention finds.

#include <string>

#include "core/label.h"

namespace phisync {

// Whether a column of class `to` gives some consumer more than one of class `from` would: some
// built-in profile drops, or changes in another way, what it then would give.
bool ClassGivesMore(ClassId from, ClassId to);

// A sentence that says what is weaker in `after` than in `before`; empty if nothing is. Weaker is:
// a class that gives more, no class; less confidentiality, fewer sensitivity codes, no part2, no
// quasi, no rows; no subject; another or no `of`; a transformation where there was none or another,
// unless it drops; no policy=drop.
std::string Weaker(const ColumnLabel& before, const ColumnLabel& after);

// The same for labels of tables and schemas: `none` after `phi`, a weaker default, less
// confidentiality, fewer sensitivity codes, no part2, another or no subject.
std::string Weaker(const TableLabel& before, const TableLabel& after);

}  // namespace phisync
