#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "dti/base/time.hpp"
#include "dti/metrics/metric_page.hpp"
#include "dti/monitor/common/health_check.hpp"
#include "dti/transport/faculty/faculty_figures.hpp"

namespace dti {

// What a faculty's figures say. Pure. Source: docs/monitoring.md

/// Whether the faculty accepts requests of programs: ready if all of them pass. The servers are no part of it: a faculty
/// finds out whether they answer only by a batch, so that it must get requests to become ready again.
[[nodiscard]] std::vector<HealthCheck> readiness(const FacultyFigures& figures, SteadyTime now);

/// The number of samples is bounded by the statuses, the servers of the settings and the events of the code; nothing that a
/// program sends becomes a label.
void add_faculty_metrics(MetricPage& page, const FacultyFigures& figures);

/// The members of /status.
/// @param name  of the faculty
void add_status(nlohmann::ordered_json& json, const FacultyFigures& figures, const std::string& name);

}  // namespace dti
