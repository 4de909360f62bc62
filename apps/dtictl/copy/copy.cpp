#include "dtictl/copy/copy.hpp"

#include <exception>
#include <iostream>
#include <stdexcept>
#include <variant>

#include "dti/cli/escape.hpp"
#include "dti/repository/open/open_copy.hpp"
#include "dti/service/ledger/store_copy.hpp"
#include "dtictl/copy/copy_options.hpp"
#include "dtictl/copy/store_filling.hpp"

namespace dti {
namespace {

void copy(const CopyOptions& options) {
  // The snapshot comes first: it can tell only without a lock whether a write-ahead log is missing.
  const auto source = open_locked(options.store, options.store_timeout);
  const auto hold = hold_store(options.store, options.store_timeout, warn_of);
  refuse_differences(look_at(*source, "reading the source"), "the source has a difference, so nothing was copied");
  fill_and_compare({options.to, options.store_timeout, "copy", "source"}, *source, [&] {
    if (is_unchanged(*source, *open_locked(options.store, options.store_timeout))) return;
    throw std::runtime_error{"a server has used the source meanwhile, so nothing was copied: stop it and try again"};
  });
}

}  // namespace

int run_copy(std::span<const std::string> args) {
  const auto parsed = parse_copy_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  try {
    copy(std::get<CopyOptions>(parsed));
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
