#include "dti/keys/settings/key_settings.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/cli/escape.hpp"
#include "dti/keys/key_file.hpp"
#include "dti/keys/role.hpp"
#include "dti/transport/zeromq/host_port.hpp"

namespace dti {
namespace {

bool is_given(const Settings& settings, std::string_view name) {
  return settings.has(name) && settings.origin(name).source != Source::kDefault;
}

/// The text of a file that a setting names.
std::variant<std::string, UsageExit> read_file(const Settings& settings, std::string_view name, FileGuard guard,
                                               const Surroundings& surroundings) {
  const auto& path = settings.text(name);
  // It may be a secret, so it is not shown.
  if (parse_public_key(path)) return settings.bad(name, "needs the path of a file, not a key");
  DTI_CHECK(surroundings.read_guarded_file);
  try {
    return surroundings.read_guarded_file(path, guard);
  } catch (const std::runtime_error& error) {
    return settings.bad(name, "cannot use " + quoted_text(path) + ": " + error.what());
  }
}

UsageExit bad_file(const Settings& settings, std::string_view name, const KeyFault& fault) {
  const auto line = fault.line == 0 ? std::string{" "} : ':' + std::to_string(fault.line) + ": ";
  return settings.bad(name, settings.text(name) + line + fault.reason);
}

std::variant<KeyList, UsageExit> read_key_list(const Settings& settings, const Surroundings& surroundings) {
  const auto text = read_file(settings, "keys", FileGuard::kTrusted, surroundings);
  if (const auto* usage = std::get_if<UsageExit>(&text)) return *usage;
  auto list = parse_key_list(std::get<std::string>(text));
  if (const auto* fault = std::get_if<KeyFault>(&list)) return bad_file(settings, "keys", *fault);
  return std::get<KeyList>(std::move(list));
}

/// Makes the key file of --key. The key has the name of the file, without its last extension.
/// @return why it could not be made; none if it is there
std::optional<UsageExit> make_key(const Settings& settings, const Surroundings& surroundings) {
  const std::filesystem::path path = settings.text("key");
  const auto name = path.stem().string();
  if (const auto fault = key_name_fault(name)) {
    return settings.bad("key",
                        "the name of the file, " + quoted_text(name) + ", is also that of the key, and " + *fault);
  }
  auto text = key_file_text({name, make_key_pair()});
  std::optional<UsageExit> usage;
  try {
    surroundings.write_new_secret(path.string(), text);
  } catch (const std::runtime_error& error) {
    usage = settings.bad("key", error.what());
  }
  wipe(text);
  return usage;
}

std::vector<ListenEndpoint> endpoints_of(const Settings& settings, std::string_view port) {
  std::vector<ListenEndpoint> endpoints;
  const bool has_list = settings.has("listen");
  if (!has_list || is_given(settings, "bind") || is_given(settings, port)) {
    auto host = settings.text("bind");
    if (host.find(':') != std::string::npos && !host.starts_with('[')) host = '[' + host + ']';
    endpoints.push_back({false, std::move(host), static_cast<std::uint16_t>(settings.integer(port))});
  }
  if (has_list) {
    const auto& others = settings.endpoints("listen");
    endpoints.insert(endpoints.end(), others.begin(), others.end());
  }
  return endpoints;
}

}  // namespace

std::vector<Setting> key_settings(const std::string& help) {
  return {
      {.name = "key",
       .group = "Keys",
       .kind = PathKind{},
       .help = help + " dtictl key new, or --make-key, makes it. Only the user of the process may read the "
                      "file.",
       .default_shown = "none"},
      {.name = "make-key",
       .group = "Keys",
       .kind = SwitchKind{},
       .help = "Makes the key file of --key at the first start, if there is no such file. The log has its public half, "
               "as a line for dtictl key add.",
       .default_value = "false"}};
}

Setting server_key_setting(const std::string& help, bool several) {
  return {.name = "server-key",
          .group = "Keys",
          .kind = PublicKeysKind{several},
          .help = help,
          .default_shown = "none: plain connections"};
}

std::vector<Setting> door_settings(const std::string& port) {
  return {
      {.name = "listen",
       .group = "Network",
       .kind = EndpointsKind{},
       .help =
           "Where to listen; repeat the flag, or use commas, for several endpoints. curve:// is secured: only peers "
           "with a key of --keys may connect, and no one else can read or change messages. tcp:// is plain. --bind "
           "and --" +
           port + ", if given, are one more plain endpoint.",
       .default_shown = "tcp:// at --bind and --" + port,
       .repeats = true},
      {.name = "allow-plaintext",
       .group = "Network",
       .kind = SwitchKind{},
       .help =
           "Allows plain endpoints that other machines can reach. Everyone in the network can then read the messages "
           "and act for every faculty.",
       .default_value = "false"},
      {.name = "keys",
       .group = "Keys",
       .kind = PathKind{},
       .help =
           "The list of the keys that may connect to a curve:// endpoint, each with its role. dtictl key add changes "
           "it. SIGHUP reads the file again; another path needs a restart.",
       .default_shown = "none"},
  };
}

std::variant<Doors, UsageExit> read_doors(const Settings& settings, const Surroundings& surroundings,
                                          std::string_view port) {
  Doors doors{.endpoints = endpoints_of(settings, port), .keys = {}};
  for (const auto& endpoint : doors.endpoints) {
    if (endpoint.is_secured) {
      doors.is_secured = true;
    } else if (!is_loopback(endpoint.host)) {
      doors.is_plaintext_exposed = true;
      if (settings.is_on("allow-plaintext")) continue;
      const bool is_bind = endpoint == doors.endpoints.front() && is_given(settings, "bind");
      const auto* const name = is_bind || !settings.has("listen") ? "bind" : "listen";
      return settings.bad(name, to_string(endpoint) +
                                    " is plain and other machines can reach it, so everyone in the network could read "
                                    "and change requests: use curve:// (--listen), or give --allow-plaintext");
    }
  }
  if (!doors.is_secured) {
    if (settings.has("keys")) return settings.bad("keys", "needs a curve:// endpoint (--listen)");
    return doors;
  }
  for (const auto* needed : {"key", "keys"}) {
    if (!settings.has(needed)) {
      return settings.bad("listen",
                          "a curve:// endpoint needs --key, the secret key of this process, and --keys, the "
                          "list of the keys that may connect");
    }
  }
  auto keys = read_key_list(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&keys)) return std::move(*usage);
  doors.keys = std::get<KeyList>(std::move(keys));
  return doors;
}

std::variant<std::optional<OwnKey>, UsageExit> read_own_key(const Settings& settings,
                                                            const Surroundings& surroundings) {
  if (!settings.has("key")) {
    if (settings.is_on("make-key")) return settings.bad("make-key", "needs --key, the path of the file");
    return std::nullopt;
  }
  bool was_made = false;
  if (settings.is_on("make-key") && surroundings.is_missing && surroundings.is_missing(settings.text("key"))) {
    if (settings.task() != Task::kRun) return std::nullopt;
    if (auto usage = make_key(settings, surroundings)) return *std::move(usage);
    was_made = true;
  }
  auto text = read_file(settings, "key", FileGuard::kSecret, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&text)) return std::move(*usage);
  auto file = parse_key_file(std::get<std::string>(text));
  wipe(std::get<std::string>(text));
  if (const auto* fault = std::get_if<KeyFault>(&file)) return bad_file(settings, "key", *fault);
  auto& read = std::get<KeyFile>(file);
  return OwnKey{std::move(read.name), read.key, was_made};
}

std::vector<LogEvent> key_remarks(const Settings& settings, const std::optional<OwnKey>& key, const Doors* doors) {
  std::vector<LogEvent> events;
  if (!key) return events;
  if (key->was_made) {
    events.push_back({LogLevel::kInfo,
                      "key-made",
                      "made the key of this process. The file is secret; give the line to the other side",
                      {{"file", settings.text("key")}, {"line", public_line(key->pair.public_key, key->name)}}});
  }
  events.push_back({LogLevel::kInfo,
                    "own-key",
                    "the public half of the key of this process, which its peers need",
                    {{"public", key_text(key->pair.public_key)}}});
  if (doors != nullptr && doors->is_secured && doors->keys.empty()) {
    const auto& list = settings.text("keys");
    events.push_back({LogLevel::kInfo,
                      "key-list-empty",
                      "no key may connect to the secured endpoint. For each peer, run dtictl key add --keys=" + list +
                          " --role='faculty:NAME' LINE, with the line of its key, and reload this process",
                      {{"keys", list}}});
  }
  return events;
}

std::optional<LogEvent> other_key_remark(const std::optional<OwnKey>& in_use, const std::optional<OwnKey>& read) {
  if (!in_use || !read || in_use->pair.public_key == read->pair.public_key) return std::nullopt;
  return LogEvent{LogLevel::kWarning,
                  "restart-needed",
                  "the file of --key has another key now; it is used from the next start on",
                  {{"setting", "key"},
                   {"in-use", key_prefix(in_use->pair.public_key)},
                   {"read", key_prefix(read->pair.public_key)}}};
}

std::variant<std::vector<PublicKey>, UsageExit> read_server_keys(const Settings& settings,
                                                                 const std::optional<OwnKey>& own,
                                                                 std::size_t server_count) {
  std::vector<PublicKey> keys;
  if (!settings.has("server-key")) return keys;
  if (!settings.has("key")) {
    return settings.bad("server-key", "needs --key, the secret key of this process, which the server must know");
  }
  constexpr std::size_t kDigits = 2 * kKeyBytes;
  const std::string_view text = settings.text("server-key");
  for (std::size_t at = 0; at < text.size(); at += kDigits + 1) {
    const auto key = parse_public_key(text.substr(at, kDigits));
    if (!key || !is_provable(*key)) return settings.bad("server-key", "is not a public key");
    if (own && std::ranges::equal(own->pair.secret_key.bytes(), key->bytes)) {
      return settings.bad("server-key",
                          "is the secret key of this process: make a new one, and give the public key of "
                          "the server here");
    }
    keys.push_back(*key);
  }
  if (keys.size() == 1) keys.resize(server_count, keys.front());
  if (keys.size() != server_count) {
    return settings.bad("server-key", "has " + std::to_string(keys.size()) + " keys for " +
                                          std::to_string(server_count) +
                                          " servers: give one for all, or one for each in their order");
  }
  return keys;
}

LogEvent plaintext_warning(const Doors& doors) {
  std::string endpoints;
  for (const auto& endpoint : doors.endpoints) {
    if (!endpoint.is_secured && !is_loopback(endpoint.host)) {
      endpoints += (endpoints.empty() ? "" : ",") + to_string(endpoint);
    }
  }
  return {LogLevel::kWarning,
          "plaintext-endpoint",
          "other machines can reach a plain endpoint: everyone in the network can read its messages and act for every "
          "faculty",
          {{"endpoints", endpoints}}};
}

std::vector<ListenAt> listen_at(const Doors& doors) {
  std::vector<ListenAt> all;
  for (const auto& endpoint : doors.endpoints) all.push_back({endpoint.host, endpoint.port, endpoint.is_secured});
  return all;
}

std::optional<PortLock> port_lock(const Doors& doors, const std::optional<OwnKey>& key) {
  if (!doors.is_secured) return std::nullopt;
  return PortLock{key.value().pair.secret_key, std::make_shared<KeyRing>(doors.keys)};
}

std::optional<KeyList> keys_read_again(const Settings& in_use, const Settings& read, const Doors& doors) {
  const bool is_same_file = in_use.has("keys") && read.has("keys") && in_use.text("keys") == read.text("keys");
  return doors.is_secured && is_same_file ? std::optional{doors.keys} : std::nullopt;
}

}  // namespace dti
