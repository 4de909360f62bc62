#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/logging.hpp"
#include "dti/cli/settings.hpp"
#include "dti/keys/settings/key_settings.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "dti/transport/faculty/faculty_node.hpp"

namespace dti {

/// The options of faculty. Source: docs/settings.md, Flags.
struct FacultyAppOptions {
  Settings settings;  // from which the other options were made
  FacultyOptions faculty;
  std::vector<HostPort> servers;       // the same servers as faculty.client.endpoints, in the same order
  Doors doors;                         // where programs connect
  std::optional<OwnKey> key;           // of this faculty; none: it uses no key
  std::vector<PublicKey> server_keys;  // one for each server; empty: plain connections
  std::optional<HostPort> http;        // where monitoring listens; none: it does not
  PeerLimits limits;                   // for each program, and for all together
  std::size_t memory_max = 0;          // bytes of the process; 0: no limit
  LogOptions log;
};

[[nodiscard]] AppDescription describe_faculty();

/// The options that may change while the faculty runs.
[[nodiscard]] FacultyChanges faculty_changes(const Settings& settings);

/// @param args  the command line without the program's name
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<FacultyAppOptions, UsageExit> parse_faculty_options(std::span<const std::string> args,
                                                                               const Surroundings& surroundings);

}  // namespace dti
