#include "dtictl/head/head.hpp"

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <variant>

#include "dti/cli/escape.hpp"
#include "dti/cli/files.hpp"
#include "dti/repository/open/open_snapshot.hpp"
#include "dti/service/ledger/head_line.hpp"
#include "dtictl/head/head_options.hpp"

namespace dti {
namespace {

HeadLine sign(const HeadOptions& options) {
  const auto snapshot = open_snapshot(options.store, options.store_timeout);
  const auto heads = snapshot->read_chain_heads();
  if (!heads || heads->store == StoreId{}) {
    throw std::runtime_error{"no server has led this store since version 3 of its schema, so it has no seals"};
  }
  const auto now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  return sign_heads(*heads, now, options.key);
}

/// Adds a line to the file of a witness, unless its last line tells the same.
void add(const HeadLine& line, const std::string& path, const Surroundings& surroundings) {
  if (std::filesystem::exists(path)) {
    const auto file = parse_witness(surroundings.read_file(path));
    if (!file.lines.empty() && tells_the_same(file.lines.back(), line)) return;
  }
  append_line(path, head_line_text(line));
}

}  // namespace

int run_head(std::span<const std::string> args) {
  const auto surroundings = process_surroundings();
  const auto parsed = parse_head_options(args, surroundings);
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  try {
    const auto& options = std::get<HeadOptions>(parsed);
    const auto line = sign(options);
    if (options.witness_file) {
      add(line, *options.witness_file, surroundings);
      return 0;
    }
    std::cout << head_line_text(line) << std::endl;
    if (std::cout) return 0;
    std::cerr << "dtictl head: the line could not be written to stdout" << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "dtictl head: " << printable(error.what()) << std::endl;
  }
  return 1;
}

}  // namespace dti
