#pragma once

#include <array>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"

namespace dti {

// What the command-ids of the server itself begin with. fault_of() refuses such ids of others.
inline constexpr std::string_view kSettlePrefix = "settle-";    // of top-ups
inline constexpr std::string_view kExpirePrefix = "expire-";    // of holds that expire
inline constexpr std::string_view kConfirmPrefix = "confirm-";  // of holds that a request confirms
inline constexpr std::array kOwnPrefixes = {kSettlePrefix, kExpirePrefix, kConfirmPrefix};

/// A command-id of the server itself. @param head  of the semester: the command follows this entry
[[nodiscard]] inline std::string own_command_id(std::string_view prefix, SemesterId semester, Seq head) {
  return std::string{prefix} + std::to_string(semester) + '-' + std::to_string(head);
}

}  // namespace dti
