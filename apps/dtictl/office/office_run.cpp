#include "dtictl/office/office_run.hpp"

#include <exception>
#include <iostream>

#include "dti/cli/escape.hpp"

namespace dti {

void say(const ReadCommand& command, const std::string& text) {
  std::cerr << command.name << ": " << printable(text) << std::endl;
}

int run_office(const ReadCommand& command, std::span<const std::string> args,
               const std::function<int(const OfficeOptions&)>& work) {
  return run_office(command, parse_office_options(command, args, process_surroundings()), work);
}

int run_office(const ReadCommand& command, const std::variant<OfficeOptions, UsageExit>& parsed,
               const std::function<int(const OfficeOptions&)>& work) {
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  try {
    const int code = work(std::get<OfficeOptions>(parsed));
    std::cout << std::flush;
    if (std::cout) return code;
    say(command, "the output could not be written to stdout");
  } catch (const Unanswerable& question) {
    return leave(question.exit);
  } catch (const std::exception& error) {
    say(command, error.what());
  }
  return 1;
}

}  // namespace dti
