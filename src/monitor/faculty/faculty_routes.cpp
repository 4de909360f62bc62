#include "dti/monitor/faculty/faculty_routes.hpp"

#include <utility>

#include "monitor/faculty/faculty_state.hpp"

namespace dti {

std::vector<HttpRoute> faculty_routes(const FacultyBoard& board, ProcessFacts facts, std::string name) {
  const auto look = [&board, name = std::move(name)](SteadyTime now) {
    const auto figures = board.newest();
    const auto add_metrics = [figures](MetricPage& page) { add_faculty_metrics(page, *figures); };
    const auto add_members = [figures, name](nlohmann::ordered_json& json) { add_status(json, *figures, name); };
    return DaemonState{figures->at, readiness(*figures, now), add_metrics, add_members};
  };
  return daemon_routes(look, std::move(facts));
}

}  // namespace dti
