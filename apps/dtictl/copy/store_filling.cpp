#include "dtictl/copy/store_filling.hpp"

#include <iostream>
#include <memory>
#include <stdexcept>

#include "dti/cli/escape.hpp"
#include "dti/repository/open/open_copy.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/store_copy.hpp"
#include "dtictl/progress.hpp"
#include "dtictl/verify/verify_report.hpp"

namespace dti {
namespace {

WallTime wall_time_now() { return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()); }

/// @return the epoch of the filled store
Epoch fill_store(const StoreFilling& filling, LedgerSnapshot& source, const std::function<void()>& check_unchanged) {
  const auto target = open_filler(filling.to, filling.timeout, wall_time_now(), warn_of);
  const ProgressLine line;
  fill(*target, source, [&](const VerifyProgress& progress) { line.show("copying", progress); });
  check_unchanged();
  // Nothing limits this wait: PostgreSQL may wait for a synchronous standby.
  line.show("waiting for the commit", {});
  try {
    return target->commit(source.read_epoch(), wall_time_now());
  } catch (const StorageError& error) {
    if (error.kind() != StorageError::Kind::kInDoubt) throw;
    throw std::runtime_error{std::string{error.what()} + "; the " + filling.result +
                             " may be stored: run dtictl verify on the target"};
  }
}

/// @param epoch  of the filled store
void compare_filled(const StoreFilling& filling, LedgerSnapshot& source, Epoch epoch) {
  const std::string result = "the " + filling.result;
  const std::string remedy = ": do not use " + result + ", and remove it";
  const auto filled = open_locked(filling.to, filling.timeout);
  if (filled->read_epoch() != epoch) {
    throw std::runtime_error{
        result + " is stored, but a server has taken its lead before it could be compared: run dtictl verify on it"};
  }
  const auto report = look_at(*filled, "reading " + result);
  refuse_differences(report, result + " has a difference" + remedy);
  if (const auto difference = compare(source, *filled)) {
    throw std::runtime_error{result + ": " + *difference + remedy};
  }
  std::cout << text_report(report) << result << " is the same as the " << filling.source << std::endl;
}

}  // namespace

VerifyReport look_at(LedgerSnapshot& snapshot, const std::string& task) {
  const ProgressLine line;
  return verify(snapshot, [&](const VerifyProgress& progress) { line.show(task, progress); });
}

std::unique_ptr<LedgerSnapshot> open_locked(const StoreAddress& address, std::chrono::milliseconds timeout) {
  return open_snapshot(address, timeout, ReadFrom::kWritableHost);
}

void refuse_differences(const VerifyReport& report, const std::string& failure) {
  if (report.warning) warn_of(*report.warning);
  if (report.fits()) return;
  std::cout << text_report(report) << std::flush;
  throw std::runtime_error{failure};
}

void warn_of(const std::string& warning) { std::cerr << "WARNING: " << printable(warning) << std::endl; }

void fill_and_compare(const StoreFilling& filling, LedgerSnapshot& source,
                      const std::function<void()>& check_unchanged) {
  const Epoch epoch = fill_store(filling, source, check_unchanged);
  try {
    compare_filled(filling, source, epoch);
  } catch (const StorageError& error) {
    throw std::runtime_error{"the " + filling.result + " is stored, but it could not be compared: " + error.what() +
                             "; run dtictl verify on it"};
  }
}

}  // namespace dti
