#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// One condition for a server to be ready.
struct HealthCheck {
  std::string_view name;
  bool passes = false;
  std::string text;  // a sentence about the present state
};

/// Do the figures come from a loop that turns?
[[nodiscard]] bool is_alive(const ServerFigures& figures, SteadyTime now);
/// Does this server lead, on a lease that is valid by its own clock, and accept requests?
[[nodiscard]] bool is_leader(const ServerFigures& figures, SteadyTime now);
/// Does this server stand by, with its state loaded?
[[nodiscard]] bool is_standby(const ServerFigures& figures, SteadyTime now);
/// Has a standby reached the end of the ledger lately?
[[nodiscard]] bool follows(const ServerFigures& figures, SteadyTime now);

/// Whether the server leads, or stands by with its state loaded, and can do its work: ready if all of them pass.
[[nodiscard]] std::vector<HealthCheck> readiness(const ServerFigures& figures, SteadyTime now);
[[nodiscard]] bool is_ready(const std::vector<HealthCheck>& checks);

/// `leader`, `standby` or `taking-over`.
[[nodiscard]] std::string role_text(Lead::Phase phase);

/// From then to now; 0 if it is later.
[[nodiscard]] double seconds_between(SteadyTime then, SteadyTime now);

}  // namespace dti
