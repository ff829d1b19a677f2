#include "audit/who.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "audit/settings.h"
#include "core/error.h"
#include "core/purpose.h"
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/session.h"

namespace phisync::audit {
namespace {

struct Client {
  bool known;
  bool tls;
  int port;
  char address[INET6_ADDRSTRLEN];
};

// Does not change while the session lives.
Client client = {};

const Client& GetClient() {
  if (client.known || MyBEEntry == nullptr) return client;
  client.known = true;
  client.tls = MyBEEntry->st_ssl;
  const sockaddr_storage& from = MyBEEntry->st_clientaddr.addr;
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    inet_ntop(AF_INET, &v4.sin_addr, client.address, sizeof(client.address));
    client.port = ntohs(v4.sin_port);
  } else if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    inet_ntop(AF_INET6, &v6.sin6_addr, client.address, sizeof(client.address));
    client.port = ntohs(v6.sin6_port);
  }
  return client;
}

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
  event.client_address = GetClient().address;
  event.client_port = GetClient().port;
  event.tls = GetClient().tls;
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
