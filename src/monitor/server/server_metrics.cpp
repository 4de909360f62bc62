#include "monitor/server/server_metrics.hpp"

#include <array>
#include <string>
#include <string_view>

#include "dti/domain/name.hpp"
#include "dti/monitor/common/port_metrics.hpp"
#include "monitor/server/health.hpp"

namespace dti {
namespace {

/// No request gets it.
bool is_of_office(Status status) {
  return status == Status::kConflict || status == Status::kRefused || status == Status::kHoldConfirmed ||
         status == Status::kHoldCancelled || status == Status::kHoldExpired;
}

void add_requests(MetricPage& page, const RequestFigures& requests) {
  const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
  const auto text = [](int status) { return std::string{wire_text(static_cast<Status>(status))}; };
  const auto is_whole = [](int status) { return is_whole_request(static_cast<Status>(status)); };
  for (int status = 0; status < kStatusCount; ++status) {
    if (is_whole(status)) continue;
    page.counter("dti_decisions_total", "Programs that were decided and whose reply was sent, by status.",
                 number(requests.decisions[static_cast<std::size_t>(status)]), {{"status", text(status)}});
  }
  constexpr auto* kRequests = "dti_requests_total";
  constexpr auto* kHelp =
      "Requests that were replied to: decided, or the status with which they were rejected as a whole.";
  page.counter(kRequests, kHelp, number(requests.decided), {{"outcome", "decided"}});
  for (int status = 0; status < kStatusCount; ++status) {
    if (!is_whole(status) || is_of_office(static_cast<Status>(status))) continue;
    page.counter(kRequests, kHelp, number(requests.rejected[static_cast<std::size_t>(status)]),
                 {{"outcome", text(status)}});
  }
  page.counter("dti_health_checks_total", "Health checks that clients have sent over ZeroMQ.",
               number(requests.health_checks));
  page.histogram("dti_reply_seconds", "Time from the arrival of a well-formed request to its reply.",
                 requests.reply_seconds);
}

/// Each kind of command with each status that it can get, also those that have not come yet.
void add_commands(MetricPage& page, const std::string& name, const std::string& help,
                  const std::array<OfficeFigures::ByStatus, kOfficeVerbs.size()>& counts) {
  for (std::size_t verb = 0; verb < counts.size(); ++verb) {
    for (int i = 0; i < kStatusCount; ++i) {
      const auto status = static_cast<Status>(i);
      if (!is_whole_request(status) && status != Status::kInvalidProgram && status != Status::kOk) continue;
      page.counter(name, help, static_cast<double>(counts[verb][static_cast<std::size_t>(i)]),
                   {{"command", std::string{kOfficeVerbs[verb]}}, {"status", std::string{wire_text(status)}}});
    }
  }
}

void add_office(MetricPage& page, const OfficeFigures& office) {
  add_commands(page, "dti_office_commands_total",
               "Commands of the office that were replied to, by kind and status, without dry runs.", office.commands);
  add_commands(page, "dti_office_dry_runs_total", "Dry runs of commands of the office, by kind and status.",
               office.dry_runs);
}

void add_store(MetricPage& page, const StoreFigures& store) {
  static constexpr std::array<std::string_view, StorageError::kKindCount> kKinds{
      "unavailable", "unreachable", "in-doubt", "rejected", "invariant", "corrupt", "refused", "rewritten"};
  page.histogram("dti_commit_seconds", "Time that the store took to commit a batch.", store.commit_seconds);
  page.histogram("dti_batch_entries", "Ledger entries of a committed batch.", store.entries_per_batch);
  page.counter("dti_take_overs_total", "Take-overs of the store by this server, at the start and after failures.",
               static_cast<double>(store.take_overs));
  page.histogram("dti_take_over_seconds", "Time that a take-over took.", store.take_over_seconds);
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    page.counter("dti_store_failures_total", "Calls of the store that failed, by kind.",
                 static_cast<double>(store.failures[kind]), {{"kind", std::string{kKinds[kind]}}});
  }
}

void add_lead(MetricPage& page, const ServerFigures& figures, SteadyTime now) {
  for (const auto phase : {Lead::Phase::kLeading, Lead::Phase::kStandby, Lead::Phase::kTakingOver}) {
    page.gauge("dti_role", "1 for the present role of this server, 0 for the others.", figures.phase == phase ? 1 : 0,
               {{"role", role_text(phase)}});
  }
  page.gauge("dti_epoch", "Epoch under which this server leads or led last; 0 if it never led.",
             static_cast<double>(figures.epoch));
  page.gauge("dti_lease_left_seconds", "Time until the lease of this server runs out, by its own clock.",
             seconds_between(now, figures.lease_until));
  page.gauge("dti_store_answers",
             "0 if the last call of the store failed or takes too long, or the store refuses everything; otherwise 1.",
             figures.store_answers ? 1 : 0);
  const bool stands_by = figures.phase == Lead::Phase::kStandby;
  page.gauge("dti_standby_entries_behind", "Ledger entries that the state of this standby lacks; 0 for others.",
             stands_by ? static_cast<double>(figures.entries_behind) : 0);
  page.gauge("dti_standby_behind_seconds", "Time since this standby reached the end of the ledger; 0 for others.",
             stands_by ? seconds_between(figures.followed_at, now) : 0);
}

void add_load(MetricPage& page, const ServerFigures& figures) {
  page.gauge("dti_requests_waiting", "Requests that wait for their reply.",
             static_cast<double>(figures.requests_waiting));
  page.gauge("dti_requests_waiting_bytes", "Bytes of the messages of the requests that wait.",
             static_cast<double>(figures.bytes_waiting));
  add_port_metrics(page, figures.peers, figures.replies_dropped, figures.refusals);
  add_memory_metrics(page, figures.times_closed, figures.memory_max);
}

/// The name as a label. One that is not UTF-8 would make the whole page unreadable: it is shown with escapes, so that
/// two such names stay two labels.
std::string label_of(const SemesterFigures& semester) {
  const bool is_text = is_utf8(semester.name) && semester.name.find('\0') == std::string::npos;
  return is_text ? semester.name : escaped(semester.name);
}

void add_semesters(MetricPage& page, const ServerFigures& figures) {
  for (const auto& semester : figures.semesters) {
    const auto add = [&](const std::string& kind, Quantity quantity) {
      page.gauge("dti_rooms_capacity", "Rooms of an open semester, by kind.", static_cast<double>(quantity),
                 {{"semester", label_of(semester)}, {"kind", kind}});
    };
    add("classroom", semester.capacity.classrooms);
    add("lab", semester.capacity.labs);
    add("mobile-lab", semester.capacity.conversions);
  }
  for (const auto& semester : figures.semesters) {
    const auto add = [&](const std::string& kind, Quantity quantity) {
      page.gauge("dti_rooms_left", "Rooms of an open semester that are left, by kind.", static_cast<double>(quantity),
                 {{"semester", label_of(semester)}, {"kind", kind}});
    };
    add("classroom", semester.left.classrooms);
    add("lab", semester.left.labs);
    add("mobile-lab", semester.left.mobile_labs());
  }
  for (const auto& semester : figures.semesters) {
    page.gauge("dti_ledger_head", "Number of the last ledger entry of an open semester.",
               static_cast<double>(semester.head), {{"semester", label_of(semester)}});
  }
  for (const auto& semester : figures.semesters) {
    page.gauge("dti_programs_waiting", "Programs in the wait list of an open semester; 0 if it has none.",
               static_cast<double>(semester.waiting), {{"semester", label_of(semester)}});
  }
  for (const auto& semester : figures.semesters) {
    page.gauge("dti_holds_open", "Holds of an open semester that are neither confirmed nor ended.",
               static_cast<double>(semester.holds), {{"semester", label_of(semester)}});
  }
}

}  // namespace

void add_server_metrics(MetricPage& page, const ServerFigures& figures, SteadyTime now) {
  add_requests(page, figures.requests);
  add_office(page, figures.office);
  page.counter("dti_top_ups_total", "Larger grants that this server has stored for programs that waited.",
               static_cast<double>(figures.top_ups));
  page.counter("dti_holds_expired_total",
               "Holds of which this server has stored that they ended without a confirmation.",
               static_cast<double>(figures.holds_expired));
  page.gauge("dti_holds_overdue", "Holds that are past their end, and whose expiry the store rejects.",
             static_cast<double>(figures.holds_aside));
  add_store(page, figures.store);
  add_lead(page, figures, now);
  add_load(page, figures);
  add_semesters(page, figures);
}

}  // namespace dti
