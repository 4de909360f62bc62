// program: asks its faculty for rooms, prints the answer and keeps it in a file.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "common/files.hpp"
#include "common/program_options.hpp"
#include "dti/protocol/result_file.hpp"
#include "dti/protocol/room_codec.hpp"
#include "dti/transport/program_client.hpp"
#include "dti/transport/stop_signals.hpp"

namespace {

std::string sentence(const dti::RoomRequest& request, const dti::RoomAnswer& answer) {
  const auto& grant = answer.grant;
  return request.program_name + " in " + request.semester + ": " + std::string{dti::wire_text(answer.status)} + ", " +
         std::to_string(grant.classrooms) + " classrooms and " + std::to_string(grant.labs + grant.mobile_labs) +
         " labs (" + std::to_string(grant.mobile_labs) + " of them mobile)" +
         (answer.detail.empty() ? "" : ": " + answer.detail);
}

int ask(const dti::ProgramOptions& options) {
  dti::StopSignals stop_signals;
  const auto started = std::chrono::steady_clock::now();
  const auto result = dti::ask_faculty({to_string(options.faculty_server), options.timeout}, options.request, stop_signals);
  if (const auto* none = std::get_if<dti::NoAnswer>(&result)) {
    std::cerr << "program: " << none->reason << "; an earlier try may stand: ask again, it is safe" << std::endl;
    return dti::kExitNotKnown;
  }
  const auto& answer = std::get<dti::RoomAnswer>(result);
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  std::cout << (options.json ? dti::encode_room_answer(answer) : sentence(options.request, answer)) << std::endl;
  if (dti::has_result_file(answer.status)) {
    dti::write_atomically(options.output_dir / options.file_name, dti::result_file_text(options.request, answer, elapsed));
  }
  return dti::program_exit_code(answer.status);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args{argv + 1, argv + argc};
  const auto parsed = dti::parse_program_options(args, dti::process_surroundings());
  if (const auto* usage = std::get_if<dti::UsageExit>(&parsed)) return dti::leave(*usage);
  const auto& options = std::get<dti::ProgramOptions>(parsed);
  if (const auto fault = dti::check_writable_directory(options.output_dir)) {
    std::cerr << "program: --output-dir " << options.output_dir.string() << " cannot be written: " << *fault << std::endl;
    return 2;
  }
  try {
    return ask(options);
  } catch (const std::exception& error) {
    std::cerr << "program: " << error.what() << std::endl;
    return 1;
  }
}
