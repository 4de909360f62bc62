#pragma once

#include <string>
#include <vector>

#include "dti/http/http_message.hpp"
#include "dti/monitor/common/daemon_routes.hpp"
#include "dti/transport/faculty/faculty_figures.hpp"

namespace dti {

/// What an HttpServer serves about a faculty: the routes of each daemon.
/// @param board  outlives the routes
/// @param name  of the faculty
/// Source: docs/monitoring.md
[[nodiscard]] std::vector<HttpRoute> faculty_routes(const FacultyBoard& board, ProcessFacts facts, std::string name);

}  // namespace dti
