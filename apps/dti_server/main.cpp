// dti_server: allocates the rooms of a semester, each once. Reads the options, connects the parts and runs the server.

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
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
#include "dti/cli/exposed_password.hpp"
#include "dti/cli/http_setting.hpp"
#include "dti/cli/log_options.hpp"
#include "dti/cli/logging.hpp"
#include "dti/cli/reload.hpp"
#include "dti/cli/settings.hpp"
#include "dti/cli/standard_streams.hpp"
#include "dti/http/http_server.hpp"
#include "dti/monitor/common/check_health.hpp"
#include "dti/monitor/common/serve_http.hpp"
#include "dti/monitor/server/server_events.hpp"
#include "dti/monitor/server/server_routes.hpp"
#include "dti/repository/open/open_repository.hpp"
#include "dti/systemd/service_manager.hpp"
#include "dti/transport/server/proxy_registration.hpp"
#include "dti/transport/server/server.hpp"
#include "dti/transport/zeromq/lookup_hangs.hpp"
#include "dti_server/crash.hpp"
#include "dti_server/options.hpp"
#include "dti_server/service_state.hpp"

namespace {

/// Reads the settings again, and changes what can change while the server runs.
void reload(std::span<const std::string> args, dti::Settings& in_use, const std::optional<dti::OwnKey>& key,
            dti::Server& server, const dti::Log& process_log, const dti::LogSink& log) {
  auto read = dti::read_dti_server_again(args, dti::reload_surroundings());
  const auto* const options = std::get_if<dti::DtiServerOptions>(&read);
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
  const bool has_changed = dti::apply_changes(dti::describe_dti_server(), in_use, settings, log);
  if (!has_changed && !keys) return;
  process_log.set_level(dti::log_options(in_use).level);
  auto changes = dti::server_changes(in_use);
  changes.keys = keys;
  server.change(changes);
}

/// Logs what an operator should know about the settings.
void log_remarks(const dti::DtiServerOptions& options, const dti::LogSink& log) {
  if (std::holds_alternative<dti::MemoryStoreAddress>(options.store)) {
    log({dti::LogLevel::kWarning,
         "memory-store",
         "NOTHING IS STORED with --store=memory:; every grant is lost when the server ends",
         {}});
  }
  for (const auto& event : dti::key_remarks(options.settings, options.key, &options.doors)) log(event);
  if (options.doors.is_plaintext_exposed) log(dti::plaintext_warning(options.doors));
  if (const auto password = dti::exposed_password(dti::describe_dti_server(), options.settings)) {
    log({dti::LogLevel::kWarning, "password-exposed", *password, {}});
  }
  if (options.catalog_is_windows_1252) {
    log({dti::LogLevel::kInfo,
         "catalog-windows-1252",
         "the catalogue file is not UTF-8 and was read as Windows-1252: check the accents of the new names",
         {}});
  }
}

/// @return none without --http
std::unique_ptr<dti::HttpServer> start_http(const dti::DtiServerOptions& options, const dti::Server& server,
                                            dti::ProcessFacts facts, const dti::LogSink& log) {
  if (!options.http) return nullptr;
  const auto counts = std::make_shared<dti::HttpCounts>();
  facts.http_counts = counts;
  const auto* const file = std::get_if<dti::SqliteStoreAddress>(&options.store);
  const auto store_file = file == nullptr ? std::nullopt : std::optional{file->path};
  return dti::serve_http(options.http->host, options.http->port,
                         dti::server_routes(server.figures(), std::move(facts), store_file), log, counts);
}

int serve(dti::DtiServerOptions options, std::span<const std::string> args, dti::StopSignals& stop_signals,
          const dti::Log& process_log) {
  const auto started_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto events = std::make_shared<dti::EventCounts>(dti::kServerEvents);
  const auto log = dti::counted(process_log.sink(), events);
  stop_signals.on_ignored([log](const char* name) { log(dti::ignored_signal(name)); });
  log_remarks(options, log);
  dti::Announcements announcements{log};
  const auto repository = dti::open_repository(options.store, options.pipeline.store_timeout, log);
  std::optional<dti::ProxyRegistration> registration;
  dti::Server server{
      {dti::listen_at(options.doors), options.advertise ? to_string(*options.advertise) : "", options.memory_max,
       options.pipeline, options.proxy.has_value(), "--memory-max", dti::port_lock(options.doors, options.key),
       options.limits, options.programs_max, options.admin_folder.value_or(""), options.needs_admin},
      std::move(options.start),
      *repository,
      log};
  const auto http = start_http(options, server,
                               {.version = dti::program_version(),
                                .started_at = started_at,
                                .log_lines_dropped = [&process_log] { return process_log.lines_dropped(); },
                                .events = [events] { return events->all(); },
                                .http_counts = {}},
                               log);
  dti::ServiceManager service_manager{
      [&server, status = dti::ServerStatus{}]() mutable { return status.state(*server.figures().newest()); }};
  stop_signals.on_stop([&] { service_manager.on_stopping(); });
  stop_signals.on_reload([&] {
    service_manager.on_reloading();
    reload(args, options.settings, options.key, server, process_log, log);
    service_manager.on_reloaded();
  });
  const auto on_role = [&](dti::Role role) {
    const bool leads = role == dti::Role::kLeader;
    announcements.say(leads ? "READY" : "STANDBY", server.endpoints());
    service_manager.on_ready();
    if (!leads) return;
    const auto fail_after = std::exchange(options.fail_after, std::chrono::milliseconds{0});
    if (fail_after.count() > 0) dti::crash_after(fail_after);
  };
  const auto exit = server.run(stop_signals, on_role, [&](bool listens) {
    registration.reset();
    if (listens) registration.emplace(options.proxy->host, options.proxy->port, server.endpoint(), log);
  });
  service_manager.on_stopping();
  if (!exit.reason.empty()) log({dti::LogLevel::kError, "fatal", exit.reason, {}});
  announcements.finish();
  const int code = announcements.has_failed() ? 1 : exit.code;
  if (server.store_hangs()) {  // the store worker may wait a long time for a store that does not respond
    process_log.finish();
    std::_Exit(code);
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  dti::StopSignals::block(dti::StopSignals::For::kDaemon);
  dti::prepare_standard_streams();
  dti::raise_descriptor_limit();
  const std::vector<std::string> args{argv + 1, argv + argc};
  if (const auto health = dti::health_to_check(dti::describe_dti_server(), args, dti::process_surroundings())) {
    if (const auto* usage = std::get_if<dti::UsageExit>(&*health)) return dti::leave(*usage);
    const auto& address = std::get<dti::HostPort>(*health);
    return dti::check_health(address.host, address.port);
  }
  auto options = dti::parse_dti_server_options(args, dti::process_surroundings());
  if (const auto* usage = std::get_if<dti::UsageExit>(&options)) return dti::leave(*usage);
  auto& given = std::get<dti::DtiServerOptions>(options);
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
