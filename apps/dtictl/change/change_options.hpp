#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/cli/settings.hpp"
#include "dti/domain/catalog_plan.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/transport/office/office_client.hpp"

namespace dti {

// The commands of the office that change something: each sends a message to the server that leads.
// Source: docs/office.md

/// One of them.
struct ChangeVerb {
  OfficeVerb verb = OfficeVerb::kReleaseGrant;
  std::string name;     // `dtictl grant release`
  std::string purpose;  // a paragraph
  std::vector<std::pair<std::string, std::string>> examples;
  std::string operand = {};  // of a change of the catalogue, or a round: the file with the plan
  bool turns_on = false;     // kSetWaitList: on, not off; kSetQuota: sets limits, and does not clear them
};
[[nodiscard]] AppDescription describe(const ChangeVerb& verb);

/// The exit codes of a command that changes something, as --help has them. @param not_known  the meaning of 5
[[nodiscard]] std::vector<std::pair<int, std::string>> change_exit_codes(const std::string& not_known);

/// The options of one run.
struct ChangeOptions {
  OfficeClientOptions client;
  OfficeMessage message;  // with its command-id; `is_dry_run` if nothing is to be changed
  /// Of a change of the catalogue: `message` has neither id nor programs, because each step is a command.
  std::optional<CatalogPlan> plan;
  /// Of a resized or new semester; none: it depends on the capacity that the semester has.
  std::optional<Quantity> mobile_labs;
  bool has_expects = false;            // `expects` was given
  bool is_repeat = false;              // `command-id` was given: an earlier copy was sent
  bool is_confirmed = false;           // --yes
  std::optional<std::string> confirm;  // the semester's name, as the person repeated it
};

/// @param args  the command line after the command's name
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<ChangeOptions, UsageExit> parse_change_options(const ChangeVerb& verb,
                                                                          std::span<const std::string> args,
                                                                          const Surroundings& surroundings);

}  // namespace dti
