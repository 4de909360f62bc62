#include "monitor/faculty/faculty_state.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

#include "dti/monitor/common/port_metrics.hpp"

namespace dti {
namespace {

double number(std::uint64_t count) { return static_cast<double>(count); }

void add_counts(MetricPage& page, const FacultyCounts& counts) {
  constexpr auto* kBatches = "dti_faculty_batches_total";
  constexpr auto* kBatchesHelp = "Batches that have ended, by outcome.";
  page.counter(kBatches, kBatchesHelp, number(counts.batches_answered), {{"outcome", "answered"}});
  page.counter(kBatches, kBatchesHelp, number(counts.batches_given_up), {{"outcome", "given-up"}});
  page.histogram("dti_faculty_batch_programs", "Programs of a batch that was sent.", counts.batch_programs);
  page.histogram("dti_faculty_batch_seconds", "Time from the first try of an answered batch to its last reply.",
                 counts.batch_seconds);
  page.counter("dti_faculty_tries_total", "Requests that were sent to a server, repeats included.",
               number(counts.tries_sent));
  constexpr auto* kFailed = "dti_faculty_tries_failed_total";
  constexpr auto* kFailedHelp = "Tries that did not decide their batch, by reason.";
  page.counter(kFailed, kFailedHelp, number(counts.tries_lost), {{"reason", "lost"}});
  page.counter(kFailed, kFailedHelp, number(counts.tries_refused), {{"reason", "refused"}});
}

void add_answers(MetricPage& page, const FacultyFigures& figures) {
  for (std::size_t status = 0; status < figures.answers.size(); ++status) {
    page.counter("dti_faculty_answers_total", "Replies to programs, by status.", number(figures.answers[status]),
                 {{"status", std::string{wire_text(static_cast<Status>(status))}}});
  }
}

void add_servers(MetricPage& page, const FacultyFigures& figures) {
  std::map<std::string, ServerLinkFigures> servers;  // the settings may name one twice, but a sample must be unique
  for (const auto& server : figures.servers) {
    auto& merged = servers[server.address];
    merged.is_connected |= server.is_connected;
    merged.is_in_use |= server.is_in_use;
  }
  for (const auto& [address, server] : servers) {
    page.gauge("dti_faculty_server_connected", "1 if the faculty is connected to that server.",
               server.is_connected ? 1 : 0, {{"server", address}});
  }
  for (const auto& [address, server] : servers) {
    page.gauge("dti_faculty_server_in_use", "1 for the server to which the next batch goes first.",
               server.is_in_use ? 1 : 0, {{"server", address}});
  }
}

}  // namespace

std::vector<HealthCheck> readiness(const FacultyFigures& figures, SteadyTime now) {
  return {
      loop_check(figures.at, now),
      {"running", figures.takes_requests,
       figures.takes_requests ? "the faculty accepts requests" : "the faculty is stopping, or has sent its only batch"},
  };
}

void add_faculty_metrics(MetricPage& page, const FacultyFigures& figures) {
  add_counts(page, figures.counts);
  add_answers(page, figures);
  page.gauge("dti_faculty_programs_waiting", "Programs that wait for their reply.", number(figures.programs_waiting));
  constexpr auto* kWaiting = "dti_faculty_batches_waiting";
  constexpr auto* kWaitingHelp = "Batches that have not ended, by what they wait for.";
  page.gauge(kWaiting, kWaitingHelp, number(figures.batches_gathering), {{"for", "programs"}});
  page.gauge(kWaiting, kWaitingHelp, number(figures.batches_asked), {{"for", "server"}});
  add_servers(page, figures);
  add_port_metrics(page, figures.peers, figures.replies_dropped, figures.refusals);
  add_memory_metrics(page, figures.times_closed, figures.memory_max);
}

void add_status(nlohmann::ordered_json& json, const FacultyFigures& figures, const std::string& name) {
  json["faculty"] = name;
  json["programs-waiting"] = figures.programs_waiting;
  json["batches-waiting-for-programs"] = figures.batches_gathering;
  json["batches-waiting-for-server"] = figures.batches_asked;
  json["peers"] = figures.peers;
  json["servers"] = nlohmann::ordered_json::array();
  for (const auto& server : figures.servers) {
    json["servers"].push_back(
        {{"address", server.address}, {"connected", server.is_connected}, {"in-use", server.is_in_use}});
  }
}

}  // namespace dti
