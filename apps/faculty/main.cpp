// faculty: collects the requests of its programs, sends them to a server as one batch, and replies to each program.

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/descriptor_limit.hpp"
#include "dti/base/event_counts.hpp"
#include "dti/base/process_limits.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/cli/announcements.hpp"
#include "dti/cli/http_setting.hpp"
#include "dti/cli/log_options.hpp"
#include "dti/cli/logging.hpp"
#include "dti/cli/reload.hpp"
#include "dti/cli/settings.hpp"
#include "dti/cli/standard_streams.hpp"
#include "dti/http/http_server.hpp"
#include "dti/monitor/common/check_health.hpp"
#include "dti/monitor/common/serve_http.hpp"
#include "dti/monitor/faculty/faculty_events.hpp"
#include "dti/monitor/faculty/faculty_routes.hpp"
#include "dti/systemd/service_manager.hpp"
#include "dti/transport/faculty/faculty_node.hpp"
#include "dti/transport/zeromq/lookup_hangs.hpp"
#include "faculty/options.hpp"

namespace {

dti::ServiceState state_of(const dti::FacultyFigures& figures) {
  const auto count = figures.programs_waiting;
  const auto programs = count == 0 ? "no program waits for a reply"
                                   : std::to_string(count) + (count == 1 ? " program waits for its reply"
                                                                         : " programs wait for their replies");
  return {.turned_at = figures.at, .is_stuck = false, .status = programs};
}

/// Reads the settings again, and changes what can change while the faculty runs.
void reload(std::span<const std::string> args, dti::Settings& in_use, const std::optional<dti::OwnKey>& key,
            dti::FacultyNode& node, const dti::Log& process_log, const dti::LogSink& log) {
  auto read = dti::parse_faculty_options(args, dti::reload_surroundings());
  const auto* const options = std::get_if<dti::FacultyAppOptions>(&read);
  std::variant<dti::Settings, dti::UsageExit> settings;
  if (options != nullptr) {
    settings = options->settings;
  } else {
    settings = std::get<dti::UsageExit>(std::move(read));
  }
  if (options != nullptr) {
    if (const auto remark = dti::other_key_remark(key, options->key)) log(*remark);
  }
  const auto keys = options == nullptr ? std::nullopt : dti::keys_read_again(in_use, options->settings, options->doors);
  const bool has_changed = dti::apply_changes(dti::describe_faculty(), in_use, settings, log);
  if (!has_changed && !keys) return;
  process_log.set_level(dti::log_options(in_use).level);
  auto changes = dti::faculty_changes(in_use);
  changes.keys = keys;
  node.change(changes);
}

std::vector<dti::ClientLock> server_locks(const dti::FacultyAppOptions& options) {
  std::vector<dti::ClientLock> locks;
  for (const auto& server : options.server_keys) locks.push_back({options.key.value().pair, server});
  return locks;
}

int serve(dti::FacultyAppOptions options, std::span<const std::string> args, dti::StopSignals& stop_signals,
          const dti::Log& process_log) {
  const auto started_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto events = std::make_shared<dti::EventCounts>(dti::kFacultyEvents);
  const auto log = dti::counted(process_log.sink(), events);
  stop_signals.on_ignored([log](const char* name) { log(dti::ignored_signal(name)); });
  dti::Announcements announcements{log};
  const auto name = options.faculty.name;
  for (const auto& event : dti::key_remarks(options.settings, options.key, &options.doors)) log(event);
  if (options.doors.is_plaintext_exposed) log(dti::plaintext_warning(options.doors));
  dti::FacultyNode node{
      {std::move(options.faculty), dti::listen_at(options.doors), dti::port_lock(options.doors, options.key),
       server_locks(options), options.limits, options.memory_max, "--memory-max"},
      log};
  std::unique_ptr<dti::HttpServer> http;
  if (options.http) {
    const auto counts = std::make_shared<dti::HttpCounts>();
    const dti::ProcessFacts facts{.version = dti::program_version(),
                                  .started_at = started_at,
                                  .log_lines_dropped = [&process_log] { return process_log.lines_dropped(); },
                                  .events = [events] { return events->all(); },
                                  .http_counts = counts};
    http = dti::serve_http(options.http->host, options.http->port, dti::faculty_routes(node.figures(), facts, name),
                           log, counts);
  }
  dti::ServiceManager service_manager{[&node] { return state_of(*node.figures().newest()); }};
  stop_signals.on_stop([&] { service_manager.on_stopping(); });
  stop_signals.on_reload([&] {
    service_manager.on_reloading();
    reload(args, options.settings, options.key, node, process_log, log);
    service_manager.on_reloaded();
  });
  announcements.say("READY", node.endpoints());
  service_manager.on_ready();
  const int code = node.run(stop_signals);
  service_manager.on_stopping();
  announcements.finish();
  return announcements.has_failed() ? 1 : code;
}

}  // namespace

int main(int argc, char** argv) {
  dti::StopSignals::block(dti::StopSignals::For::kDaemon);
  dti::prepare_standard_streams();
  dti::raise_descriptor_limit();
  const std::vector<std::string> args{argv + 1, argv + argc};
  if (const auto health = dti::health_to_check(dti::describe_faculty(), args, dti::process_surroundings())) {
    if (const auto* usage = std::get_if<dti::UsageExit>(&*health)) return dti::leave(*usage);
    const auto& address = std::get<dti::HostPort>(*health);
    return dti::check_health(address.host, address.port);
  }
  auto options = dti::parse_faculty_options(args, dti::process_surroundings());
  if (const auto* usage = std::get_if<dti::UsageExit>(&options)) return dti::leave(*usage);
  auto& given = std::get<dti::FacultyAppOptions>(options);
  const auto log_options = given.log;
  int code = 1;
  try {
    dti::StopSignals stop_signals{dti::StopSignals::For::kDaemon};
    dti::require_threads_and_files(given.http ? dti::kHttpNeeds : dti::ProcessNeeds{});
    const dti::Log log{log_options};
    code = dti::run_logged(log, [&] { return serve(std::move(given), args, stop_signals, log); });
  } catch (const std::exception& error) {
    dti::log_without_thread(log_options, error.what());
  }
  if (dti::lookup_hangs()) std::_Exit(code);  // all output is written
  return code;
}
