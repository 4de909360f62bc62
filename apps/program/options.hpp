#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/cli/logging.hpp"
#include "dti/cli/settings.hpp"
#include "dti/domain/messages.hpp"
#include "dti/keys/settings/key_settings.hpp"
#include "dti/protocol/office_codec.hpp"

namespace dti {

/// What program does about the grant that it holds, instead of a request for rooms.
struct GrantChange {
  OfficeMessage message;     // with its command-id; without a faculty, which the faculty adds
  bool has_expects = false;  // `expects` was given
  bool is_repeat = false;    // `command-id` was given: an earlier copy was sent
};

/// The options of program. Source: docs/settings.md, Flags.
struct ProgramOptions {
  RoomRequest request;  // without client_id; of a change: only its names
  std::optional<GrantChange> change;
  HostPort faculty_server;
  std::optional<OwnKey> key;            // of this program; none: a plain connection
  std::vector<LogEvent> remarks;        // of a key that was made at this start
  std::optional<PublicKey> server_key;  // of the faculty, if there is a key
  std::chrono::milliseconds timeout{0};
  std::filesystem::path output_dir;
  bool json = false;  // print the reply as JSON
  LogOptions log;
};

[[nodiscard]] AppDescription describe_program();

/// @param args  the command line without the program's name
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<ProgramOptions, UsageExit> parse_program_options(std::span<const std::string> args,
                                                                            const Surroundings& surroundings);

}  // namespace dti
