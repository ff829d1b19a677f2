#include "audit/who.h"

#include "audit/settings.h"
#include "core/error.h"
#include "core/purpose.h"
#include "pg/boundary.h"
#include "pg/client.h"
#include "pg/compat.h"

namespace phisync::audit {
namespace {

std::uint64_t session_random = 0;
int session_pid = 0;
std::uint64_t counter = 0;

std::array<std::uint8_t, 16> NextId() {
  // A forked process must not go on with its parent's.
  if (session_pid != MyProcPid) {
    if (!pg_strong_random(&session_random, sizeof(session_random))) {
      throw Error("XX000", "could not generate random bytes for an audit event");
    }
    session_pid = MyProcPid;
    counter = 0;
  }
  return EventId(session_random, ++counter);
}

std::string Safe(const char* text) {
  return text != nullptr ? text : "";
}

}  // namespace

Event NewEvent(EventSource source) {
  struct Names {
    const char* session;
    const char* effective;
    const char* authenticated;
    TimestampTz started;
    std::uint64_t transaction;
  };
  const Names names = pg::Call([] {
    return Names{GetUserNameFromId(GetSessionUserId(), true), GetUserNameFromId(GetUserId(), true),
                 pg::AuthenticatedIdentity(), GetCurrentStatementStartTimestamp(),
                 U64FromFullTransactionId(GetTopFullTransactionIdIfAny())};
  });
  Event event;
  event.source = source;
  event.id = NextId();
  event.started_at = names.started;
  event.transaction = names.transaction;
  event.pid = MyProcPid;
  event.session_role = Safe(names.session);
  event.effective_role = Safe(names.effective);
  event.authenticated = Safe(names.authenticated);
  event.application_user = Actor();
  event.purpose = CanonicalPurpose(Purpose());
  event.application_name = Safe(application_name);
  const pg::Client client = pg::CurrentClient();
  event.client_address = client.address;
  event.client_port = client.port;
  event.tls = client.tls;
  return event;
}

std::string QualifiedName(Oid relation) {
  const char* name = pg::Call([&] {
    const char* plain = get_rel_name(relation);
    if (plain == nullptr) return static_cast<const char*>("");
    return static_cast<const char*>(
        quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), plain));
  });
  return name;
}

}  // namespace phisync::audit
