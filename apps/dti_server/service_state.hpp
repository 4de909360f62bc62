#pragma once

#include <cstdint>
#include <string>

#include "dti/base/time.hpp"
#include "dti/systemd/service_manager.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// One sentence for `systemctl status`: what the server does, how much, and which pool is fullest.
/// @param decisions_per_second  while it leads
/// @param database_is_away  while it takes over: the database could not be reached
[[nodiscard]] std::string status_sentence(const ServerFigures& figures, std::uint64_t decisions_per_second,
                                          bool database_is_away);

/// Makes the state of the server for systemd from its figures. Thread: one.
class ServerStatus {
 public:
  [[nodiscard]] ServiceState state(const ServerFigures& figures);

 private:
  // The figures at the beginning of the second that is being measured, and the result of the last one.
  SteadyTime since_{};
  std::uint64_t decisions_ = 0;
  std::uint64_t per_second_ = 0;
  std::uint64_t unreachable_ = 0;  // how often the database could not be reached, before the take-over in progress
};

}  // namespace dti
