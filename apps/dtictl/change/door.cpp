#include "dtictl/change/door.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "dti/keys/settings/key_settings.hpp"
#include "dti/repository/settings/store_options.hpp"
#include "dti/transport/zeromq/admin_port.hpp"
#include "dti_server/admin_setting.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
namespace {

constexpr const char* kServiceFolder = "/run/dti";  // where the service of the Debian package has the socket file

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<UsageExit> read_servers(const Settings& settings, const Surroundings& surroundings,
                                      OfficeClientOptions& client) {
  for (const auto& address : settings.addresses("server")) client.servers.push_back(to_string(address));
  if (!settings.has("server-key")) return std::nullopt;
  if (settings.has("key") && settings.origin("key").source == Source::kFile) {
    return settings.bad("key", "is the key of a server: give the flag --key with your own");
  }
  auto own = read_own_key(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&own)) return std::move(*usage);
  auto& key = std::get<0>(own);
  auto keys = read_server_keys(settings, key, client.servers.size());
  if (auto* usage = std::get_if<UsageExit>(&keys)) return std::move(*usage);
  for (const auto& server : std::get<0>(keys)) client.locks.push_back({key.value().pair, server});
  return std::nullopt;
}

std::optional<UsageExit> read_socket_file(Settings& settings, const Surroundings& surroundings,
                                          OfficeDoorChoice& door) {
  std::optional<std::string> folder;
  if (settings.has("admin")) {
    folder = find_admin_folder(settings, MemoryStoreAddress{}, surroundings);
  } else {
    auto store = find_store_on_disk(settings, surroundings);
    if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
    folder = find_admin_folder(settings, std::get<StoreAddress>(store), surroundings);
  }
  if (!folder && ::access(kServiceFolder, F_OK) == 0) folder = kServiceFolder;
  if (!folder) {
    return settings.bad("admin", "is needed, or --server: this store has no default folder for the socket file");
  }
  try {
    door.client.servers = {admin_address(*folder)};
  } catch (const std::runtime_error& error) {
    return settings.bad("admin", error.what());
  }
  // With sudo, the person is the one who called it. The actor at a socket file is claimed in any case.
  const auto caller = surroundings.variable("SUDO_UID").value_or("");
  door.actor = "local/" + (is_number(caller) ? caller : std::to_string(::getuid()));
  return std::nullopt;
}

}  // namespace

std::vector<Setting> door_settings() {
  std::vector<Setting> settings;
  settings.push_back({.name = "server",
                      .group = "Server",
                      .kind = HostPortKind{.several = true},
                      .help = "The servers. The command goes to the one that leads.",
                      .default_shown = "none: the socket file"});
  for (auto& key : key_settings("Your key file, for curve:// endpoints; its key needs the role office.")) {
    key.group = "Server";
    settings.push_back(std::move(key));
  }
  auto server_key = server_key_setting(
      "The public key of the servers, or one for each in the order of --server. The command then goes to curve:// "
      "endpoints.",
      true);
  server_key.group = "Server";
  settings.push_back(std::move(server_key));
  auto store = store_setting(kStoresOnDisk);
  store.group = "Server";
  store.help = "The store of a server on this machine, whose socket file is beside it. " + store.help;
  settings.push_back(std::move(store));
  auto admin = admin_setting("The folder of the socket file of a server on this machine, as for its --admin.");
  admin.group = "Server";
  settings.push_back(std::move(admin));
  settings.push_back({.name = "timeout",
                      .group = "Server",
                      .kind = SecondsKind{},
                      .help = "How long to wait for each reply. The command is repeated until then.",
                      .default_value = "30"});
  return settings;
}

std::variant<OfficeDoorChoice, UsageExit> read_door(Settings& settings, const Surroundings& surroundings) {
  OfficeDoorChoice door;
  door.client.timeout = settings.duration("timeout");
  auto usage = settings.has("server") ? read_servers(settings, surroundings, door.client)
                                      : read_socket_file(settings, surroundings, door);
  if (usage) return *std::move(usage);
  return door;
}

std::optional<std::string> socket_file_fault(const std::string& address) {
  constexpr std::string_view kScheme = "ipc://";
  if (!address.starts_with(kScheme)) return std::nullopt;
  const auto path = address.substr(kScheme.size());
  if (::access(path.c_str(), W_OK) == 0) return std::nullopt;
  const auto reason = std::error_code{errno, std::generic_category()};
  const bool is_missing = reason == std::errc::no_such_file_or_directory;
  return path + ": " + reason.message() + ": " +
         (is_missing ? "does a server run on this machine, with this store or this --admin?"
                     : "run this as the user of the server, such as sudo -u dti, or as root");
}

}  // namespace dti
