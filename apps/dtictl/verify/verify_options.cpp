#include "dtictl/verify/verify_options.hpp"

#include <stdexcept>
#include <utility>

#include "dti/cli/escape.hpp"
#include "dti/keys/signing_key_file.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
namespace {

std::vector<Setting> settings_of_verify() {
  return with_store_settings({
      {.name = "witness",
       .group = "Witness",
       .kind = PathKind{},
       .help = "A file with lines of dtictl head, for example the text of mails. The report says whether the store "
               "still has everything up to each line. Needs --witness-keys.",
       .default_shown = "none"},
      {.name = "witness-keys",
       .group = "Witness",
       .kind = PathKind{},
       .help = "A file with the public lines of dtictl key new --signing, old ones too: the keys that may have signed. "
               "Only its user may write it.",
       .default_shown = "none"},
      {.name = "json",
       .group = "Report",
       .kind = SwitchKind{},
       .help = "Prints the report as one JSON object.",
       .default_value = "false"},
  });
}

/// Reads the files of --witness and --witness-keys. @return how to end; none if they were read, or are not given
std::optional<UsageExit> read_witness(const Settings& settings, const Surroundings& surroundings,
                                      VerifyOptions& options) {
  for (const auto& [name, other] : {std::pair{"witness", "witness-keys"}, std::pair{"witness-keys", "witness"}}) {
    if (settings.has(name) && !settings.has(other)) return settings.bad(name, std::string{"needs --"} + other);
  }
  if (!settings.has("witness")) return std::nullopt;
  const char* reading = "witness";
  try {
    options.witness = parse_witness(surroundings.read_file(settings.text(reading)));
    reading = "witness-keys";
    auto keys = parse_signing_public_lines(surroundings.read_guarded_file(settings.text(reading), FileGuard::kTrusted));
    if (const auto* fault = std::get_if<KeyFault>(&keys)) {
      const auto line = fault->line == 0 ? std::string{" "} : ':' + std::to_string(fault->line) + ": ";
      return settings.bad(reading, settings.text(reading) + line + fault->reason);
    }
    options.witness_keys = std::get<std::vector<SigningPublicKey>>(std::move(keys));
  } catch (const std::runtime_error& error) {
    return settings.bad(reading, "cannot use " + quoted_text(settings.text(reading)) + ": " + error.what());
  }
  if (options.witness->lines.empty() && !options.witness->fault) {
    return settings.bad("witness", quoted_text(settings.text("witness")) +
                                       " has no line of dtictl head. Save the decoded text of mails");
  }
  return std::nullopt;
}

}  // namespace

AppDescription describe_verify() {
  return {
      .name = "dtictl verify",
      .purpose =
          "dtictl verify replays the ledger of each semester through the allocation rule. It compares the result with "
          "every grant, the rooms that are left, the catalogue and the rest of the store, and recomputes the seals. It "
          "prints a line for each "
          "semester: the totals of its ledger, or its first difference. It reads the state of the store at one moment, "
          "changes nothing, and can run while a server runs. On SQLite it also checks the file with PRAGMA "
          "integrity_check; the write-ahead log grows during that time.",
      .settings = settings_of_verify(),
      .examples = {{"verify the store in the state folder", "dtictl verify"},
                   {"for a script: verify the store of a server's config file",
                    "dtictl verify --config=dti.toml --json"},
                   {"for an auditor: compare the store with the lines of earlier mails",
                    "dtictl verify --store=sqlite:/backup/dti.db --witness=mails.txt --witness-keys=keys.txt"},
                   {"verify a PostgreSQL store, with the password in a file",
                    "DTI_STORE=postgresql://dti@db.example.org/dti PGPASSFILE=/etc/dti/pgpass dtictl verify"}},
      .exit_codes = {{0, "the store is consistent"},
                     {1, "the store has a difference, or cannot be read; the report or stderr gives the place"},
                     {2, "incorrect usage: flags, environment or config file"}},
      .others_in_file = settings_of_server_alone(),
  };
}

std::variant<VerifyOptions, UsageExit> parse_verify_options(std::span<const std::string> args,
                                                            const Surroundings& surroundings) {
  auto resolved = resolve(describe_verify(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);

  VerifyOptions options;
  options.store = std::get<StoreAddress>(std::move(store));
  options.store_timeout = settings.duration("store-timeout");
  options.json = settings.is_on("json");
  if (auto usage = read_witness(settings, surroundings, options)) return *std::move(usage);
  return options;
}

}  // namespace dti
