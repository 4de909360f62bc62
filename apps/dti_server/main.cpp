// dti_server: hands out the rooms of a semester, each once. Reads flags, wires the parts, runs, drains.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/dti_server_options.hpp"
#include "common/logging.hpp"
#include "common/standard_streams.hpp"
#include "dti/repository/open_repository.hpp"
#include "dti/transport/descriptors.hpp"
#include "dti/transport/lookups.hpp"
#include "dti/transport/proxy_registration.hpp"
#include "dti/transport/server.hpp"
#include "dti/transport/stop_signals.hpp"
#include "dti_server/crash.hpp"

namespace {

int serve(dti::DtiServerOptions options) {
  dti::StopSignals stop_signals;
  const auto log = dti::make_log_sink(options.log);
  if (std::holds_alternative<dti::MemoryStoreAddress>(options.store)) {
    log({dti::LogLevel::kWarning,
         "memory-store",
         "NOTHING IS STORED with --store=memory:; every grant is lost at the end",
         {}});
  }
  const auto repository = dti::open_repository(options.store, options.pipeline.store_timeout, log);
  std::optional<dti::ProxyRegistration> registration;
  dti::Server server{{options.bind, options.port, options.advertise ? to_string(*options.advertise) : "",
                      options.memory_max, options.pipeline},
                     std::move(options.start),
                     *repository,
                     log};
  bool announced = true;
  const auto exit = server.run(stop_signals, [&](dti::Role role) {
    const bool leads = role == dti::Role::kLeader;
    const auto* const word = leads ? "READY" : "STANDBY";
    std::cout << word << ' ' << server.endpoint() << std::endl;
    if (!std::cout) {  // whoever waits for the line waits for ever: end in order, and say why
      announced = false;
      std::cerr << "dti_server: the " << word << " line could not be written to stdout" << std::endl;
      kill(getpid(), SIGTERM);
      return;
    }
    registration.reset();
    if (!leads) return;
    if (options.proxy) registration.emplace(options.proxy->host, options.proxy->port, server.endpoint(), log);
    const auto fail_after = std::exchange(options.fail_after, std::chrono::milliseconds{0});
    if (fail_after.count() > 0) dti::crash_after(fail_after);
  });
  if (!exit.reason.empty()) std::cerr << "dti_server: " << exit.reason << std::endl;
  const int code = announced ? exit.code : 1;
  if (server.store_hangs()) std::_Exit(code);  // the committer waits for a silent store, and may for long
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  dti::prepare_standard_streams();
  dti::raise_descriptor_limit();
  const std::vector<std::string> args{argv + 1, argv + argc};
  auto options = dti::parse_dti_server_options(args, dti::process_surroundings());
  if (const auto* usage = std::get_if<dti::UsageExit>(&options)) return dti::leave(*usage);
  int code = 1;
  try {
    code = serve(std::get<dti::DtiServerOptions>(std::move(options)));
  } catch (const std::exception& error) {
    std::cerr << "dti_server: " << error.what() << std::endl;
  }
  if (dti::lookup_hangs()) std::_Exit(code);  // all output is flushed
  return code;
}
