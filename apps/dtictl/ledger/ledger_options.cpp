#include "dtictl/ledger/ledger_options.hpp"

#include <utility>

#include "dti/domain/name_fault.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {

AppDescription describe_ledger_export() {
  return {
      .name = "dtictl ledger export",
      .purpose =
          "dtictl ledger export writes the catalogue, the semesters, all entries with their seals, and the notes of a "
          "store as JSON Lines, as the store is when the command begins. It changes nothing, and can run while a "
          "server "
          "runs. Two exports of the same content differ only in the first line. The notes name persons: keep the file "
          "as you keep the store.",
      // Not `semester`: the config file of a server has that key, and would silently make an export of one semester.
      .settings = with_store_settings(
          {{.name = "only-semester",
            .group = "Export",
            .kind = NameKind{kSemesterBytesMax},
            .help = "Only the entries of this semester. Such a file cannot be imported, because the registry of the "
                    "store names all semesters.",
            .default_shown = "all semesters"},
           {.name = "output",
            .group = "Export",
            .kind = PathKind{},
            .help = "Where to write the file, which only its user can read. A file of that name is replaced when the "
                    "new one is complete.",
            .default_shown = "stdout"}}),
      .examples = {{"keep a file for the archive",
                    "dtictl ledger export --config=/etc/dti/dti.toml --output=2025-10.jsonl"},
                   {"count the grants of each semester",
                    "dtictl ledger export | jq -s 'map(select(.kind == \"granted\")) | group_by(.semester) | "
                    "map(length)'"}},
      .exit_codes = {{0, "the export is complete"},
                     {1,
                      "the store cannot be read or contradicts itself, or the output cannot be written; stderr "
                      "gives the reason"},
                     {2, "incorrect usage, or a semester that the store does not have"},
                     {130, "interrupted; with --output, nothing was written"}},
      .others_in_file = settings_of_server_alone(),
  };
}

AppDescription describe_ledger_import() {
  return {
      .name = "dtictl ledger import",
      .purpose =
          "dtictl ledger import fills an empty store from FILE, which dtictl ledger export has written. It first reads "
          "all lines, replays the ledgers through the allocation rule and recomputes the seals; then it stores "
          "everything in one transaction, or nothing, and compares every entry afterwards. Stop all servers of the "
          "store first: it refuses a store that a server uses, or that is not empty.",
      .settings = with_store_settings({}),
      .examples = {{"bring an export into PostgreSQL",
                    "PGPASSFILE=/etc/dti/credentials/pgpass dtictl ledger import "
                    "--store=postgresql://dti@db.example.org/dti 2025-10.jsonl"}},
      .exit_codes = {{0, "the import is complete, and is the same as the file"},
                     {1,
                      "FILE has errors, or nothing was stored, or the import differs or was not compared; stderr "
                      "gives the reason"},
                     {2, "incorrect usage, or FILE cannot be read"}},
      .others_in_file = settings_of_server_alone(),
      .operand = "FILE",
  };
}

std::variant<OfficeOptions, UsageExit> parse_ledger_export_options(std::span<const std::string> args,
                                                                   const Surroundings& surroundings) {
  auto resolved = resolve(describe_ledger_export(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto settings = std::get<Settings>(std::move(resolved));
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  const auto timeout = settings.duration("store-timeout");
  return OfficeOptions{std::move(settings), std::get<StoreAddress>(std::move(store)), timeout, {}};
}

std::variant<LedgerImportOptions, UsageExit> parse_ledger_import_options(std::span<const std::string> args,
                                                                         const Surroundings& surroundings) {
  auto resolved = resolve(describe_ledger_import(), args, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&resolved)) return std::move(*usage);
  auto& settings = std::get<Settings>(resolved);
  auto store = find_store_on_disk(settings, surroundings);
  if (auto* usage = std::get_if<UsageExit>(&store)) return std::move(*usage);
  return LedgerImportOptions{std::get<StoreAddress>(std::move(store)), settings.duration("store-timeout"),
                             settings.operand()};
}

}  // namespace dti
