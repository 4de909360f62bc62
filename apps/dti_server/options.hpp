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
#include "dti/repository/open/open_repository.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"
#include "dti/service/allocation/take_over.hpp"

namespace dti {

/// What dti_server was told. Source: docs/settings.md, Flags.
struct DtiServerOptions {
  StartOptions start;                    // the catalogue file is read already
  bool catalog_is_windows_1252 = false;  // how it was read
  PipelineOptions pipeline;
  StoreAddress store;
  std::string bind;
  std::uint16_t port = 0;                   // 0: any free one
  std::optional<HostPort> advertise;        // where clients reach this server; none: where it is bound
  std::optional<HostPort> proxy;            // to register with
  std::size_t memory_max = 0;               // bytes of the process; 0: no bound
  std::chrono::milliseconds fail_after{0};  // SIGKILL to itself so long after READY; 0: never
  LogOptions log;
};

[[nodiscard]] AppDescription describe_dti_server();

/// @param args  the command line without the program's name
[[nodiscard]] std::variant<DtiServerOptions, UsageExit> parse_dti_server_options(std::span<const std::string> args,
                                                                                 const Surroundings& surroundings);

}  // namespace dti
