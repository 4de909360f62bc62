// program: requests rooms from its faculty, writes the reply to a file and prints it.

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "dti/base/process_limits.hpp"
#include "dti/base/stop_signals.hpp"
#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"
#include "dti/cli/logging.hpp"
#include "dti/cli/standard_streams.hpp"
#include "dti/protocol/result_file.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/transport/program/program_client.hpp"
#include "dti/transport/zeromq/lookup_hangs.hpp"
#include "program/change.hpp"
#include "program/exit_code.hpp"
#include "program/options.hpp"

namespace {

constexpr const char* kNotSent = "; the request was not sent: run program again";
constexpr const char* kMayBeGranted =
    "; rooms may have been granted: run program again, and the reply is that grant. If the faculty uses an old DTI "
    "server, check that server's log first, because it grants the rooms again";

std::string sentence(const dti::RoomRequest& request, const dti::RoomAnswer& answer) {
  const auto& grant = answer.grant;
  return dti::printable(request.program_name + " in " + request.semester + ": " +
                        std::string{dti::wire_text(answer.status)} + ", " + std::to_string(grant.classrooms) +
                        " classrooms and " + std::to_string(grant.labs + grant.mobile_labs) + " labs (" +
                        std::to_string(grant.mobile_labs) + " of them mobile)" +
                        (answer.expires_at.empty() ? "" : ", a hold until " + answer.expires_at) +
                        (answer.detail.empty() ? "" : ": " + answer.detail));
}

/// The reason why the result file cannot be written, as a line for people; none if it can be written.
std::optional<std::string> output_fault(const dti::ProgramOptions& options) {
  const auto shown = "--output-dir " + dti::printable(options.output_dir.string());
  if (const auto fault = dti::check_writable_directory(options.output_dir)) {
    return shown + " cannot be written: " + *fault;
  }
  std::error_code ignored;
  const auto file_name = dti::result_file_name(options.request.program_name, options.request.semester);
  if (std::filesystem::is_directory(options.output_dir / file_name, ignored)) {
    return shown + ": the result file " + dti::quoted_text(file_name) + " cannot be written: it is a directory";
  }
  return std::nullopt;
}

/// @throws std::system_error  if it cannot be written
void write_result(const dti::ProgramOptions& options, const std::string& text, const dti::Log& log) {
  const auto path_of = [&](std::size_t number) {
    const auto& request = options.request;
    return options.output_dir / dti::result_file_name(request.program_name, request.semester, number);
  };
  const auto kept = dti::replace_and_keep(path_of(0), text, dti::is_same_result, path_of);
  if (!kept) return;
  log({dti::LogLevel::kWarning,
       "earlier-result-kept",
       "the result file existed with another result, of another faculty's program or an earlier request; that file was "
       "kept under another name",
       {{"earlier", kept->string()}, {"newest", path_of(0).string()}}});
}

int ask(const dti::ProgramOptions& options, dti::StopSignals& stop_signals, const dti::Log& log) {
  for (const auto& event : options.remarks) log(event);
  if (options.change) return dti::run_program_change(options, stop_signals, log);
  const auto faculty = to_string(options.faculty_server);
  log({dti::LogLevel::kDebug, "asking", "the program sends its request to the faculty", {{"faculty", faculty}}});
  dti::ProgramClientOptions client{faculty, options.timeout};
  if (options.server_key) client.lock = dti::ClientLock{options.key.value().pair, *options.server_key};
  const auto result = dti::ask_faculty(client, options.request, stop_signals);
  if (const auto* none = std::get_if<dti::NoAnswer>(&result)) {
    log({dti::LogLevel::kWarning, "no-answer", none->reason + (none->was_sent ? kMayBeGranted : kNotSent), {}});
    return dti::kExitNotKnown;
  }
  const auto& [answer, elapsed] = std::get<dti::FacultyAnswer>(result);

  // Written before the reply is printed, because a reader of the reply may open the file at once.
  std::string fault;
  if (dti::has_result_file(answer.status)) {
    try {
      write_result(options, dti::result_file_text(options.request, answer, elapsed), log);
    } catch (const std::system_error& error) {
      fault = error.what();
    }
  }
  std::cout << (options.json ? dti::encode_room_answer(answer) : sentence(options.request, answer)) << std::endl;
  if (!std::cout) fault += (fault.empty() ? "" : "; ") + std::string{"the reply could not be written to stdout"};
  if (!fault.empty()) log({dti::LogLevel::kError, "fatal", fault, {}});
  return fault.empty() ? dti::program_exit_code(answer.status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
  dti::StopSignals::block();
  dti::prepare_standard_streams();
  const std::vector<std::string> args{argv + 1, argv + argc};
  const auto parsed = dti::parse_program_options(args, dti::process_surroundings());
  if (const auto* usage = std::get_if<dti::UsageExit>(&parsed)) return dti::leave(*usage);
  const auto& options = std::get<dti::ProgramOptions>(parsed);
  if (const auto fault = options.change ? std::nullopt : output_fault(options)) {
    std::cerr << "program: " << *fault << std::endl;
    return 2;
  }
  int code = 1;
  try {
    dti::StopSignals stop_signals;
    dti::require_threads_and_files();
    const dti::Log log{options.log};
    code = dti::run_logged(log, [&] { return ask(options, stop_signals, log); });
  } catch (const std::exception& error) {
    dti::log_without_thread(options.log, error.what());
  }
  if (dti::lookup_hangs()) std::_Exit(code);  // all output is written
  return code;
}
