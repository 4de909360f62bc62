#include "dtictl/head/head.hpp"

#include <chrono>
#include <exception>
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
void add(const HeadLine& line, const std::string& path) {
  const auto text = head_line_text(line);
  const auto end = parse_witness(read_end(path, 2 * text.size()));  // a longer line tells something else
  if (end.lines.empty() || !tells_the_same(end.lines.back(), line)) append_line(path, text);
}

}  // namespace

int run_head(std::span<const std::string> args) {
  const auto parsed = parse_head_options(args, process_surroundings());
  if (const auto* usage = std::get_if<UsageExit>(&parsed)) return leave(*usage);
  try {
    const auto& options = std::get<HeadOptions>(parsed);
    const auto line = sign(options);
    if (options.witness_file) {
      add(line, *options.witness_file);
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
