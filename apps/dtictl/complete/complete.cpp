#include "dtictl/complete/complete.hpp"

#include <unistd.h>

#include <exception>
#include <iostream>
#include <variant>

#include "dti/cli/escape.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dtictl/complete/names_to_complete.hpp"
#include "dtictl/server_settings.hpp"
#include "dtictl/store_settings.hpp"

namespace dti {
namespace {

constexpr unsigned kSeconds = 1;  // a person waits for the shell meanwhile
constexpr const char* kOperand = "semesters|faculties|programs";

AppDescription describe_complete() {
  return {.name = "dtictl complete",
          .purpose =
              "dtictl complete prints names of a store, a line each, for the completion of a shell: at most 1,000, "
              "and none if reading them takes longer than a second. It changes nothing, and can run while a "
              "server runs.",
          .settings = with_store_settings({{.name = "faculty",
                                            .group = "Names",
                                            .kind = TextKind{kNameBytesMax},
                                            .help = "Only programs of this faculty, in any spelling.",
                                            .default_shown = "every faculty"},
                                           {.name = "prefix",
                                            .group = "Names",
                                            .kind = TextKind{kNameBytesMax},
                                            .help = "Only names that begin with this text.",
                                            .default_shown = "every name"}}),
          .examples = {},
          .exit_codes = {{0, "done"}, {1, "the store cannot be read"}, {2, "incorrect usage"}},
          .others_in_file = settings_of_server_alone(),
          .operand = kOperand};
}

int complete(Settings& settings) {
  const auto names = completed_names(settings.operand());
  if (!names) return leave(settings.bad_operand(kOperand, "must be semesters, faculties or programs"));
  const auto store = find_store_on_disk(settings, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&store)) return leave(*usage);
  const auto text = [&](const char* name) { return settings.has(name) ? settings.text(name) : std::string{}; };
  try {
    const auto snapshot = open_snapshot(std::get<StoreAddress>(store), settings.duration("store-timeout"));
    for (const auto& name : names_to_complete(snapshot->survey(), *names, text("faculty"), text("prefix"))) {
      if (name.find('\n') == std::string::npos) std::cout << name << '\n';
    }
    std::cout << std::flush;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "dtictl complete: " << printable(error.what()) << std::endl;
    return 1;
  }
}

}  // namespace

int run_complete(std::span<const std::string> args) {
  ::alarm(kSeconds);  // SIGALRM ends the process, wherever it waits
  auto resolved = resolve(describe_complete(), args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&resolved)) return leave(*usage);
  return complete(std::get<Settings>(resolved));
}

}  // namespace dti
