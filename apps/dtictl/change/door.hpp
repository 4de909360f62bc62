#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/settings.hpp"
#include "dti/transport/office/office_client.hpp"

namespace dti {

/// How a command of the office reaches a server.
struct OfficeDoorChoice {
  OfficeClientOptions client;
  std::string actor;  // at a socket file: local/UID. Otherwise empty, because the server knows the key
};

/// The settings by which a person chooses: --server with keys, or a socket file on this machine.
[[nodiscard]] std::vector<Setting> door_settings();

/// @return the choice; or how to end: incorrect usage with 2
[[nodiscard]] std::variant<OfficeDoorChoice, UsageExit> read_door(Settings& settings, const Surroundings& surroundings);

/// Why a socket file cannot be used, as a sentence for people; none if it can, or if the address is not one.
[[nodiscard]] std::optional<std::string> socket_file_fault(const std::string& address);

}  // namespace dti
