#pragma once
// Who works in this session, from where, for whom and why.

#include "core/audit_event.h"
#include "pg/backend.h"

namespace phisync::audit {

// A new event with an id of its own and the session's facts as they are now. Throws.
Event NewEvent(EventSource source);

// How events name a relation: qualified, quoted where needed; "" if it is gone. Throws.
std::string QualifiedName(Oid relation);

}  // namespace phisync::audit
