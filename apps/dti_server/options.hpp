#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dti/cli/logging.hpp"
#include "dti/cli/settings.hpp"
#include "dti/keys/settings/key_settings.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "dti/service/pipeline/take_over.hpp"
#include "dti/transport/server/server.hpp"

namespace dti {

/// The options of dti_server. Source: docs/settings.md, Flags.
struct DtiServerOptions {
  Settings settings;                     // from which the other options were made
  StartOptions start;                    // with the rows of the catalogue file
  bool catalog_is_windows_1252 = false;  // the catalogue file was read as Windows-1252
  PipelineOptions pipeline;
  StoreAddress store;
  Doors doors;                              // where clients connect
  std::optional<OwnKey> key;                // of this server; none: no endpoint is secured
  std::optional<HostPort> advertise;        // where clients reach this server; none: the bound address
  std::optional<HostPort> http;             // where monitoring listens; none: it does not
  std::optional<std::string> admin_folder;  // of the socket file for commands of the office; none: there is none
  bool needs_admin = false;                 // it was given, so the server does not start without it
  std::optional<HostPort> proxy;            // the old proxy to register with
  std::size_t memory_max = 0;               // bytes of the process; 0: no limit
  PeerLimits limits;                        // for each client, and for all together
  std::size_t programs_max = 0;             // in a request of a client that does not act for the office
  std::chrono::milliseconds fail_after{0};  // from READY until the server kills itself; 0: never
  LogOptions log;
};

[[nodiscard]] AppDescription describe_dti_server();

/// Reads the options of a running server again, without the catalogue file, which only a start uses.
/// @param args  as at the start
[[nodiscard]] std::variant<DtiServerOptions, UsageExit> read_dti_server_again(std::span<const std::string> args,
                                                                              const Surroundings& surroundings);

/// The options that may change while the server runs.
[[nodiscard]] ServerChanges server_changes(const Settings& settings);

/// @param args  the command line without the program's name
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<DtiServerOptions, UsageExit> parse_dti_server_options(std::span<const std::string> args,
                                                                                 const Surroundings& surroundings);

}  // namespace dti
