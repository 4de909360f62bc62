#include "dtictl/verify/verify.hpp"

#include <exception>
#include <iostream>
#include <variant>

#include "dti/cli/escape.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/verify.hpp"
#include "dtictl/progress.hpp"
#include "dtictl/verify/verify_options.hpp"
#include "dtictl/verify/verify_report.hpp"

namespace dti {
namespace {

VerifyReport look_at(const VerifyOptions& options) {
  const auto snapshot = open_snapshot(options.store, options.store_timeout);
  const ProgressLine line;
  return verify(*snapshot, [&](const VerifyProgress& progress) { line.show("reading the store", progress); });
}

}  // namespace

int run_verify(std::span<const std::string> args) {
  const auto parsed = parse_verify_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  const auto& options = std::get<VerifyOptions>(parsed);
  const auto store = describe(options.store);
  int code = 1;
  try {
    const auto report = look_at(options);
    std::cout << (options.json ? json_report(report, store) : text_report(report)) << std::flush;
    code = report.fits() ? 0 : 1;
  } catch (const std::exception& error) {
    if (options.json) std::cout << json_failure(error.what(), store) << std::flush;
    std::cerr << "dtictl verify: " << printable(error.what()) << std::endl;
  }
  if (!std::cout) {
    std::cerr << "dtictl verify: the report could not be written to stdout" << std::endl;
    return 1;
  }
  return code;
}

}  // namespace dti
