#include "dtictl/head/head_options.hpp"

#include <stdexcept>
#include <utility>

#include "dti/cli/escape.hpp"
#include "dti/keys/key.hpp"
#include "dti/keys/signing_key_file.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
namespace {

std::variant<SigningSecretKey, UsageExit> read_key(const Settings& settings, const Surroundings& surroundings) {
  const auto& path = settings.text("signing-key");
  std::string text;
  try {
    text = surroundings.read_guarded_file(path, FileGuard::kSecret);
  } catch (const std::runtime_error& error) {
    return settings.bad("signing-key", "cannot use " + quoted_text(path) + ": " + error.what());
  }
  auto file = parse_signing_key_file(text);
  wipe(text);
  if (const auto* fault = std::get_if<KeyFault>(&file)) {
    const auto line = fault->line == 0 ? std::string{" "} : ':' + std::to_string(fault->line) + ": ";
    return settings.bad("signing-key", path + line + fault->reason);
  }
  return std::get<SigningKeyFile>(file).key;
}

}  // namespace

AppDescription describe_head() {
  return {
      .name = "dtictl head",
      .purpose =
          "dtictl head prints one line for a witness: the id of the store, the time, the last sealed entry of the "
          "registry and of each semester, a hash of their seals, and a signature. Keep such lines where the owner of "
          "the database cannot change them, for example in mails to an auditor. dtictl verify --witness compares them "
          "with the store. The command reads the state of the store at one moment, changes nothing, and can run while "
          "a server runs.",
      .settings = with_store_settings(
          {{.name = "signing-key",
            .group = "Signature",
            .kind = PathKind{},
            .help = "The file of the key that signs. dtictl key new --signing makes it. Only the user of this "
                    "command may read the file.",
            .needed = true},
           {.name = "witness-file",
            .group = "Signature",
            .kind = PathKind{},
            .help = "The file to which the line is added, instead of stdout. Nothing is added if the file's "
                    "last line is about the same entries and seals. Keep the file on another machine, or "
                    "where lines can only be added."}}),
      .examples = {{"send the line of each day to the auditor",
                    "dtictl head --config=/etc/dti/dti.toml --signing-key=/etc/dti/head.signing | mail -s dti-head "
                    "auditor@example.org"},
                   {"add a line to a file, from a timer",
                    "dtictl head --config=/etc/dti/dti.toml --signing-key=/etc/dti/head.signing "
                    "--witness-file=/mnt/auditor/dti-head.txt"}},
      .exit_codes =
          {{0, "the line was printed, or added to the file; or the file has it already"},
           {1, "the store has no seals or cannot be read, or the line cannot be written; stderr gives the reason"},
           {2, "incorrect usage: flags, environment or config file, or a key file that cannot be used"}},
      .others_in_file = settings_of_server_alone(),
  };
}

std::variant<HeadOptions, UsageExit> parse_head_options(std::span<const std::string> args,
                                                        const Surroundings& surroundings) {
  auto resolved = resolve(describe_head(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  auto key = read_key(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&key)) return std::move(*usage);
  HeadOptions options{std::get<StoreAddress>(std::move(store)),
                      settings.duration("store-timeout"),
                      std::get<SigningSecretKey>(key),
                      {}};
  if (settings.has("witness-file")) options.witness_file = settings.text("witness-file");
  return options;
}

}  // namespace dti
