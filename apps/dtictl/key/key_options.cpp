#include "dtictl/key/key_options.hpp"

#include <utility>
#include <vector>

#include "dti/cli/escape.hpp"
#include "dtictl/key/key_columns.hpp"
#include "dtictl/server_settings.hpp"

namespace dti {
namespace {

Setting keys_setting() {
  return {.name = "keys",
          .group = "Keys",
          .kind = PathKind{},
          .help = "The key list of a server or a faculty, as for its --keys.",
          .needed = true};
}

/// The settings of a server that the commands for a key list do not use.
std::vector<Setting> settings_beside_keys() {
  auto settings = describe_server_settings();
  std::erase_if(settings, [](const Setting& setting) { return setting.name == "keys"; });
  return settings;
}

const std::vector<std::pair<int, std::string>> kExitCodes = {
    {0, "done"},
    {1, "the list or the file could not be used, and is unchanged; stderr gives the reason"},
    {2, "incorrect usage: flags, environment or config file"}};

UsageExit bad_operand(const AppDescription& app, const std::string& reason) {
  return {2, app.name + ": " + printable(reason) + '\n', false};
}

/// Why a name cannot be the beginning of a file's name in this folder.
std::optional<std::string> file_name_fault(const std::string& name) {
  if (auto fault = key_name_fault(name)) return fault;
  if (name.starts_with('.') || name.starts_with('-')) return "begins with \"" + name.substr(0, 1) + '"';
  return std::nullopt;
}

}  // namespace

AppDescription describe_key_new() {
  return {
      .name = "dtictl key new",
      .purpose =
          "dtictl key new makes a key for one process: a server, a faculty or a program. It writes the secret half to "
          "NAME.key in this folder, with mode 0600, and prints the public half as one line: hand this line to the "
          "operator of the other side, who adds it with dtictl key add. Never send the file. It replaces no file. With "
          "--signing it makes a key for dtictl head, in NAME.signing; give the line to the auditor, who adds it to the "
          "file of dtictl verify --witness-keys.",
      .settings = {{.name = "signing",
                    .group = "Keys",
                    .kind = SwitchKind{},
                    .help = "Makes a key that signs the lines of dtictl head, and that no one can connect with.",
                    .default_value = "false"}},
      .examples = {{"make the key of a faculty, on its machine, and give it to the user of its service",
                    "cd /etc/dti && dtictl key new derecho && chown dti-derecho derecho.key"}},
      .exit_codes = kExitCodes,
      .others_in_file = describe_server_settings(),
      .operand = "NAME",
  };
}

AppDescription describe_key_public() {
  return {
      .name = "dtictl key public",
      .purpose = "dtictl key public prints the public half of a key file as the line that dtictl key new has printed.",
      .settings = {},
      .examples = {{"print the key of the service, which its clients need", "dtictl key public /var/lib/dti/dti.key"}},
      .exit_codes = {{0, "done"},
                     {1, "the file could not be used; stderr gives the reason"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .others_in_file = describe_server_settings(),
      .operand = "FILE",
  };
}

AppDescription describe_key_add() {
  return {
      .name = "dtictl key add",
      .purpose =
          "dtictl key add adds a public key to the key list of a server or a faculty, which it makes if there is none. "
          "LINE is what dtictl key new has printed. A name can have two keys: add the new one, let its owner change to "
          "it, and remove the old one. Then reload the server: systemctl reload dti-server, or SIGHUP. Roles: "
          "faculty:NAME requests rooms for the programs of that faculty, which is spelled as in the catalogue, and "
          "changes "
          "their grants; program:NAME, in the list of a faculty, does so for one program; office requests rooms for "
          "every faculty, and sends the commands of the office; auditor requests nothing.",
      .settings = {keys_setting(),
                   {.name = "role",
                    .group = "Keys",
                    .kind = TextKind{},
                    .help = "What the key may do: faculty:NAME, program:NAME, office or auditor.",
                    .needed = true}},
      .examples = {{"let a faculty in",
                    "dtictl key add --keys=/etc/dti/keys.toml --role='faculty:Derecho' "
                    "5fa2c1e09b7d4836a1f0c3e2d5b49788a6e1f2039c4d5b6a7f8091a2b3c4d5e6 derecho"}},
      .exit_codes = kExitCodes,
      .others_in_file = settings_beside_keys(),
      .operand = "LINE",
  };
}

AppDescription describe_key_remove() {
  return {
      .name = "dtictl key remove",
      .purpose =
          "dtictl key remove removes a public key from a key list. Then reload the server: it closes the connections "
          "of "
          "that key within a second. KEY is the name of the key, or the first 8 or more digits of the public key, "
          "which "
          "are needed if a name has two keys.",
      .settings = {keys_setting()},
      .examples = {{"shut a key out",
                    "dtictl key remove --keys=/etc/dti/keys.toml derecho && systemctl reload dti-server"}},
      .exit_codes = kExitCodes,
      .others_in_file = settings_beside_keys(),
      .operand = "KEY",
  };
}

AppDescription describe_key_list() {
  return {
      .name = "dtictl key list",
      .purpose =
          "dtictl key list checks a key list and prints its keys: the name of the owner, the role and the public key.",
      .settings = with_list_settings({keys_setting()}, heads_of(key_columns())),
      .examples = {{"list the keys of the service", "dtictl key list --keys=/etc/dti/keys.toml"},
                   {"for a script: each key with its role",
                    "dtictl key list --keys=/etc/dti/keys.toml --format=csv --columns=public-key,role"}},
      .exit_codes = kExitCodes,
      .others_in_file = settings_beside_keys(),
  };
}

std::variant<KeyNewOptions, UsageExit> parse_key_new(std::span<const std::string> args,
                                                     const Surroundings& surroundings) {
  const auto app = describe_key_new();
  auto resolved = resolve(app, args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);
  const auto& name = settings.operand();
  if (const auto fault = file_name_fault(name)) return bad_operand(app, "the name " + quoted_text(name) + ' ' + *fault);
  const bool is_signing = settings.is_on("signing");
  return KeyNewOptions{name, is_signing, name + (is_signing ? ".signing" : ".key")};
}

std::variant<KeyPublicOptions, UsageExit> parse_key_public(std::span<const std::string> args,
                                                           const Surroundings& surroundings) {
  auto resolved = resolve(describe_key_public(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  return KeyPublicOptions{std::get<Settings>(resolved).operand()};
}

std::variant<KeyAddOptions, UsageExit> parse_key_add(std::span<const std::string> args,
                                                     const Surroundings& surroundings) {
  const auto app = describe_key_add();
  auto resolved = resolve(app, args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);
  auto role = parse_role(settings.text("role"));
  if (const auto* fault = std::get_if<std::string>(&role)) return settings.bad("role", *fault);
  auto named = parse_public_line(settings.operand());
  if (const auto* fault = std::get_if<std::string>(&named)) return bad_operand(app, "LINE " + *fault);
  auto& key = std::get<NamedKey>(named);
  return KeyAddOptions{settings.text("keys"), {std::move(key.name), std::get<KeyRole>(std::move(role)), key.key}};
}

std::variant<KeyRemoveOptions, UsageExit> parse_key_remove(std::span<const std::string> args,
                                                           const Surroundings& surroundings) {
  auto resolved = resolve(describe_key_remove(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);
  return KeyRemoveOptions{settings.text("keys"), settings.operand()};
}

std::variant<KeyListOptions, UsageExit> parse_key_list_options(std::span<const std::string> args,
                                                               const Surroundings& surroundings) {
  auto resolved = resolve(describe_key_list(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  const auto& settings = std::get<Settings>(resolved);
  return KeyListOptions{settings.text("keys"), read_list_choice(settings, heads_of(key_columns()))};
}

}  // namespace dti
