#pragma once

#include <string>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/monitor/common/health_check.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// Does this server lead, on a lease that is valid by its own clock, and accept requests?
[[nodiscard]] bool is_leader(const ServerFigures& figures, SteadyTime now);
/// Does this server stand by, with its state loaded?
[[nodiscard]] bool is_standby(const ServerFigures& figures, SteadyTime now);
/// Has a standby reached the end of the ledger lately?
[[nodiscard]] bool follows(const ServerFigures& figures, SteadyTime now);

/// Whether the server leads, or stands by with its state loaded, and can do its work: ready if all of them pass.
[[nodiscard]] std::vector<HealthCheck> readiness(const ServerFigures& figures, SteadyTime now);

/// `leader`, `standby` or `taking-over`.
[[nodiscard]] std::string role_text(Lead::Phase phase);

}  // namespace dti
