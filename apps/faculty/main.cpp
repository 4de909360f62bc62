// faculty: gathers the requests of its programs, asks a server for all of them, and tells each its part.

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/faculty_options.hpp"
#include "common/logging.hpp"
#include "common/standard_streams.hpp"
#include "dti/transport/descriptors.hpp"
#include "dti/transport/faculty_node.hpp"
#include "dti/transport/lookups.hpp"
#include "dti/transport/stop_signals.hpp"

namespace {

int serve(dti::FacultyAppOptions options) {
  dti::StopSignals stop_signals;
  dti::FacultyNode node{{std::move(options.faculty), options.bind, options.listen_port},
                        dti::make_log_sink(options.log)};
  std::cout << "READY " << node.endpoint() << std::endl;
  if (!std::cout) throw std::runtime_error{"the READY line could not be written to stdout"};
  return node.run(stop_signals);
}

}  // namespace

int main(int argc, char** argv) {
  dti::prepare_standard_streams();
  dti::raise_descriptor_limit();
  const std::vector<std::string> args{argv + 1, argv + argc};
  auto options = dti::parse_faculty_options(args, dti::process_surroundings());
  if (const auto* usage = std::get_if<dti::UsageExit>(&options)) return dti::leave(*usage);
  int code = 1;
  try {
    code = serve(std::get<dti::FacultyAppOptions>(std::move(options)));
  } catch (const std::exception& error) {
    std::cerr << "faculty: " << error.what() << std::endl;
  }
  if (dti::lookup_hangs()) std::_Exit(code);  // all output is flushed
  return code;
}
