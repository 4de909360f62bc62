#include "dtictl/copy/copy.hpp"

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>

#include "dti/base/time.hpp"
#include "dti/cli/escape.hpp"
#include "dti/repository/open/open_copy.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/store_copy.hpp"
#include "dtictl/copy/copy_options.hpp"
#include "dtictl/progress.hpp"
#include "dtictl/verify/verify_report.hpp"

namespace dti {
namespace {

WallTime wall_time_now() { return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()); }

void warn(const std::string& warning) { std::cerr << "WARNING: " << printable(warning) << std::endl; }

VerifyReport look_at(LedgerSnapshot& snapshot, const std::string& task) {
  const ProgressLine line;
  return verify(snapshot, [&](const VerifyProgress& progress) { line.show(task, progress); });
}

/// @throws std::runtime_error  the report shows the difference
void check(const VerifyReport& report, const std::string& failure) {
  if (report.warning) warn(*report.warning);
  if (report.fits()) return;
  std::cout << text_report(report) << std::flush;
  throw std::runtime_error{failure};
}

/// Reads from the host that hold_store() and open_filler() lock: a replica can lack what was committed there.
std::unique_ptr<LedgerSnapshot> open_locked(const StoreAddress& address, const CopyOptions& options) {
  return open_snapshot(address, options.store_timeout, ReadFrom::kWritableHost);
}

/// @return the epoch of the copy
Epoch copy(const CopyOptions& options, LedgerSnapshot& source) {
  const auto target = open_filler(options.to, options.store_timeout, wall_time_now(), warn);
  const ProgressLine line;
  fill(*target, source, [&](const VerifyProgress& progress) { line.show("copying", progress); });
  if (!is_unchanged(source, *open_locked(options.store, options))) {
    throw std::runtime_error{"a server has used the source meanwhile, so nothing was copied: stop it and try again"};
  }
  // Nothing limits this wait: PostgreSQL may wait for a synchronous standby.
  line.show("waiting for the commit", {});
  try {
    return target->commit(source.read_epoch(), wall_time_now());
  } catch (const StorageError& error) {
    if (error.kind() != StorageError::Kind::kInDoubt) throw;
    throw std::runtime_error{std::string{error.what()} + "; the copy may be stored: run dtictl verify on the target"};
  }
}

/// @param epoch  of the copy
void compare_copy(const CopyOptions& options, LedgerSnapshot& source, Epoch epoch) {
  const std::string remedy = ": do not use the copy, and remove it";
  const auto copied = open_locked(options.to, options);
  if (copied->read_epoch() != epoch) {
    throw std::runtime_error{
        "the copy is stored, but a server has taken its lead before it could be compared: run dtictl verify on it"};
  }
  const auto report = look_at(*copied, "reading the copy");
  check(report, "the copy has a difference" + remedy);
  if (const auto difference = compare(source, *copied)) throw std::runtime_error{"the copy: " + *difference + remedy};
  std::cout << text_report(report) << "the copy is the same as the source" << std::endl;
}

}  // namespace

int run_copy(std::span<const std::string> args) {
  const auto parsed = parse_copy_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  const auto& options = std::get<CopyOptions>(parsed);
  try {
    // The snapshot comes first: it can tell only without a lock whether a write-ahead log is missing.
    const auto source = open_locked(options.store, options);
    const auto hold = hold_store(options.store, options.store_timeout, warn);
    check(look_at(*source, "reading the source"), "the source has a difference, so nothing was copied");
    const Epoch epoch = copy(options, *source);
    try {
      compare_copy(options, *source, epoch);
    } catch (const StorageError& error) {
      throw std::runtime_error{"the copy is stored, but it could not be compared: " + std::string{error.what()} +
                               "; run dtictl verify on it"};
    }
  } catch (const std::exception& error) {
    std::cerr << "dtictl copy: " << printable(error.what()) << std::endl;
    return 1;
  }
  if (!std::cout) {
    std::cerr << "dtictl copy: the copy is complete, but the report could not be written to stdout" << std::endl;
    return 1;
  }
  return 0;
}

}  // namespace dti
