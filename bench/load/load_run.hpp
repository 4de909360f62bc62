#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/latencies.hpp"
#include "core/request_maker.hpp"
#include "load/load_options.hpp"

namespace dti::bench {

/// The result of the measured time, which begins at the end of the warm-up and lasts --seconds, or until the end of the
/// run. It counts the requests that were answered in that time; with --rate, the requests that were due in that time. A
/// request counts as answered for every status of its programs. Rejections of the whole request are `errors`.
struct LoadResult {
  /// The requests of one semester; from the end of the part before to the last of them.
  struct Part {
    std::string semester;
    std::uint64_t requests = 0;
    std::uint64_t decisions = 0;
    double seconds = 0;
  };

  std::uint64_t requests = 0;
  std::uint64_t decisions = 0;  // programs in them
  std::uint64_t fresh_requests = 0;
  std::uint64_t repeat_requests = 0;
  double seconds = 0;
  bool ended_early = false;  // the requests were used up before the end of the window
  LatencySummary latency;
  std::map<std::string, std::uint64_t> statuses;      // of programs
  std::map<std::string, std::uint64_t> errors;        // of requests
  std::map<std::string, std::uint64_t> all_statuses;  // of the whole run, as are:
  std::map<std::string, std::uint64_t> all_errors;
  std::uint64_t foreign_replies = 0;  // to nothing that waited
  double request_bytes = 0;           // means
  double reply_bytes = 0;
  std::uint64_t sent_in_all = 0;  // fresh requests used, by this run and those before it (--first)
  std::vector<Part> parts;        // with several semesters
  double cpu_seconds = 0;         // of this process
};

/// Asks, measures, and waits for all answers.
/// @throws std::runtime_error  with a sentence: no connection, no answer in time, or nothing was measured
[[nodiscard]] LoadResult run_load(const LoadOptions& options, RequestMaker& maker);

}  // namespace dti::bench
