#include "dtictl/verify/verify.hpp"

#include <exception>
#include <iostream>
#include <optional>
#include <utility>
#include <variant>

#include "dti/cli/escape.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/head_line.hpp"
#include "dti/service/ledger/verify.hpp"
#include "dtictl/progress.hpp"
#include "dtictl/verify/verify_options.hpp"
#include "dtictl/verify/verify_report.hpp"

namespace dti {
namespace {

/// Compares the lines of the witness with the store.
void add_witness(const VerifyOptions& options, LedgerSnapshot& snapshot, VerifyReport& report) {
  report.witness_lines = options.witness->lines.size();
  std::vector<std::string> sentences;
  if (options.witness->fault) sentences.push_back(*options.witness->fault);
  const auto read = [&](SemesterId chain, Seq seq) { return snapshot.read_seal(chain, seq); };
  for (auto& sentence :
       check_witness(options.witness->lines, options.witness_keys, report.store_id.value_or(StoreId{}), read)) {
    sentences.push_back(std::move(sentence));
  }
  for (auto& sentence : sentences) {
    report.differences.push_back({std::nullopt, std::nullopt, "witness: " + sentence, {}, {}});
  }
}

VerifyReport look_at(const VerifyOptions& options) {
  const auto snapshot = open_snapshot(options.store, options.store_timeout);
  const ProgressLine line;
  auto report = verify(*snapshot, [&](const VerifyProgress& progress) { line.show("reading the store", progress); });
  if (options.witness && !report.unreadable) add_witness(options, *snapshot, report);
  return report;
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
