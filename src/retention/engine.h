#pragma once
// What the engine's own DELETE tells the guard, which re-judges each row under its lock.

#include <string>

#include "retention/rules.h"

namespace phisync::retention {

// The policy that the engine runs on this relation, if the row at hand is one that the engine's own
// statement deletes (not one that goes by a cascade, or by another trigger). Null otherwise.
const std::string* RunningPolicy(Oid relation);

}  // namespace phisync::retention
