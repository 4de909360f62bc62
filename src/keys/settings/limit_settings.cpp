#include "dti/keys/settings/limit_settings.hpp"

namespace dti {
namespace {

constexpr std::int64_t kConnectionsMax = 1'000'000;  // the descriptors that a process gets at most
constexpr std::int64_t kMessagesMax = 1'000'000;     // more than a server can read
constexpr std::int64_t kMebibytesMax = 1'048'576;    // a tebibyte

}  // namespace

std::vector<Setting> limit_settings() {
  return {
      {.name = "connections-max",
       .group = "Limits",
       .kind = IntegerKind{0, kConnectionsMax},
       .help = "How many connections other machines may have in all. The newest ones above it are closed. 0 means no "
               "limit.",
       .default_value = "20000",
       .reloads = true},
      {.name = "connections-per-address",
       .group = "Limits",
       .kind = IntegerKind{0, kConnectionsMax},
       .help =
           "The same, for each IPv4 address and for the first 64 bits of each IPv6 address. Raise it if many clients "
           "share one address behind a proxy or NAT. 0 means no limit.",
       .default_value = "1000",
       .reloads = true},
      {.name = "messages-per-second",
       .group = "Limits",
       .kind = IntegerKind{0, kMessagesMax},
       .help =
           "How many messages each key may send, or without a key each address of another machine; ten times as many "
           "at once after a pause. Each KiB of a message counts as one more. Requests above it get OVERLOADED. 0 "
           "means no limit.",
       .default_value = "1000",
       .reloads = true},
  };
}

PeerLimits read_limits(const Settings& settings) {
  return {.connections_max = settings.integer("connections-max"),
          .connections_per_address = settings.integer("connections-per-address"),
          .messages_per_second = settings.integer("messages-per-second")};
}

Setting memory_setting(const std::string& process) {
  return {.name = "memory-max",
          .group = "Network",
          .kind = IntegerKind{0, kMebibytesMax},
          .help = "Memory limit in MiB. When it is exceeded, " + process +
                  " closes all connections (clients reconnect). This protects against clients that never finish a "
                  "message. 0 means no limit.",
          .default_value = "1024",
          .reloads = true};
}

std::size_t read_memory_max(const Settings& settings) {
  return static_cast<std::size_t>(settings.integer("memory-max")) * 1024 * 1024;
}

}  // namespace dti
