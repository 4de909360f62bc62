#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/base/log.hpp"
#include "dti/cli/settings.hpp"
#include "dti/keys/key.hpp"
#include "dti/keys/key_list.hpp"
#include "dti/transport/zeromq/locks.hpp"

namespace dti {

/// The settings --key and --make-key: the secret key of a process.
/// @param help  what the process does with it
[[nodiscard]] std::vector<Setting> key_settings(const std::string& help);

/// The setting --server-key.
[[nodiscard]] Setting server_key_setting(const std::string& help, bool several);

/// The settings --listen, --allow-plaintext and --keys of a daemon.
/// @param port  the name of the daemon's setting for its port, such as `listen-port`
[[nodiscard]] std::vector<Setting> door_settings(const std::string& port);

/// Where a daemon listens, and the keys that may connect.
struct Doors {
  std::vector<ListenEndpoint> endpoints;  // at least one; READY names the first
  bool is_plaintext_exposed = false;      // a plain endpoint is not on the loopback
  bool is_secured = false;                // at least one endpoint is
  KeyList keys;                           // only if is_secured
};

/// Reads the endpoints, and the key list if one of them is secured.
/// @return the doors; or incorrect usage: a secured endpoint without keys, keys without a secured endpoint, a plain
///   endpoint for other machines without --allow-plaintext, or a fault of the list
[[nodiscard]] std::variant<Doors, UsageExit> read_doors(const Settings& settings, const Surroundings& surroundings,
                                                        std::string_view port);

/// The key of this process.
struct OwnKey {
  std::string name;  // of the key, as in its file
  KeyPair pair;
  bool was_made = false;  // at this start
};

/// Reads the key file of --key. With --make-key, makes it first if there is no such file, at a start only.
/// @return none without --key, and if a check of the settings finds no file that a start would make
[[nodiscard]] std::variant<std::optional<OwnKey>, UsageExit> read_own_key(const Settings& settings,
                                                                          const Surroundings& surroundings);

/// The log events of a start that tell an operator what the other side needs: the public half of the key of this
/// process, and how to add the first key to an empty list.
/// @param doors  null for a process that does not listen
[[nodiscard]] std::vector<LogEvent> key_remarks(const Settings& settings, const std::optional<OwnKey>& key,
                                                const Doors* doors);

/// The warning of a reload that has found another key in the file of --key. @return none if the key is the same
[[nodiscard]] std::optional<LogEvent> other_key_remark(const std::optional<OwnKey>& in_use,
                                                       const std::optional<OwnKey>& read);

/// Reads --server-key.
/// @param own  the key of this process
/// @param server_count  how many servers there are; one key for all is valid too
/// @return a key for each server; empty without --server-key
[[nodiscard]] std::variant<std::vector<PublicKey>, UsageExit> read_server_keys(const Settings& settings,
                                                                               const std::optional<OwnKey>& own,
                                                                               std::size_t server_count);

/// The warning of each start with a plain endpoint for other machines.
[[nodiscard]] LogEvent plaintext_warning(const Doors& doors);

/// The same endpoints for a port.
[[nodiscard]] std::vector<ListenAt> listen_at(const Doors& doors);

/// What the secured endpoints of a port need; none if no endpoint is secured.
/// @param key  of this process; needed if an endpoint is secured
[[nodiscard]] std::optional<PortLock> port_lock(const Doors& doors, const std::optional<OwnKey>& key);

/// The key list of a running daemon, after its settings were read again.
/// @return none if the list in use stays: no endpoint is secured, or the list is another file, which needs a restart
[[nodiscard]] std::optional<KeyList> keys_read_again(const Settings& in_use, const Settings& read, const Doors& doors);

}  // namespace dti
