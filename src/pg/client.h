#pragma once
// The client at the other end of this connection.

#include <arpa/inet.h>
#include <netinet/in.h>

#include "pg/session.h"

namespace phisync::pg {

struct Client {
  bool tls;
  int port;
  char address[INET6_ADDRSTRLEN];  // "" over a unix socket and in a server process
};

// Allocates nothing and reads no catalog. Does not change while the session lives.
inline Client CurrentClient() {
  Client client = {};
  if (MyBEEntry == nullptr) return client;
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

}  // namespace phisync::pg
