#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dti/keys/key.hpp"
#include "dti/keys/key_ring.hpp"

namespace dti {

/// An address of this machine to listen on.
struct ListenAt {
  std::string host;         // an IPv4 or IPv6 address (with or without brackets), or an interface's name
  std::uint16_t port = 0;   // 0: the system chooses a free port
  bool is_secured = false;  // CURVE: only peers with a listed key may connect, and messages are encrypted
};

/// What a process with a secured endpoint needs.
struct PortLock {
  SecretKey secret;               // of this process
  std::shared_ptr<KeyRing> keys;  // that may connect
};

/// What a client needs to connect to a secured endpoint.
struct ClientLock {
  KeyPair own;
  PublicKey server;  // only a server that proves this key gets messages
};

}  // namespace dti
