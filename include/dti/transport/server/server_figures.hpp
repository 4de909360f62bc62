#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dti/base/board.hpp"
#include "dti/base/histogram.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/domain/pool.hpp"
#include "dti/domain/status.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/service/ledger/storage_error.hpp"
#include "dti/service/pipeline/lead.hpp"
#include "dti/transport/zeromq/drops.hpp"
#include "dti/transport/zeromq/refusals.hpp"

namespace dti {

// From a small ledger to the largest one.
inline constexpr std::array kTakeOverBounds{0.01, 0.025, 0.05, 0.1,  0.25, 0.5,   1.0,
                                            2.5,  5.0,   10.0, 30.0, 60.0, 120.0, 300.0};
// A batch closes with the request that reaches 20,000 entries.
inline constexpr std::array kEntriesBounds{1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1'000.0, 5'000.0, 10'000.0, 20'000.0};

/// What became of the requests that a server has read. Counts since the start of the process.
struct RequestFigures {
  std::uint64_t decided = 0;                            // requests with an outcome for each program
  std::array<std::uint64_t, kStatusCount> rejected{};   // requests that failed as a whole, by status
  std::array<std::uint64_t, kStatusCount> decisions{};  // programs of the decided requests, by status
  std::uint64_t health_checks = 0;                      // messages that are no request and ask for a sign of life
  Histogram reply_seconds{kSecondsBounds};              // from the arrival of a well-formed request to its reply
};

/// What became of the commands of the office. Counts since the start of the process.
struct OfficeFigures {
  using ByStatus = std::array<std::uint64_t, kStatusCount>;

  /// @param verb  none: it could not be read, and the command does not count
  void count(std::optional<OfficeVerb> verb, bool is_dry_run, Status status) {
    if (!verb) return;
    auto& counts = is_dry_run ? dry_runs : commands;
    ++counts[static_cast<std::size_t>(*verb)][static_cast<std::size_t>(status)];
  }

  std::array<ByStatus, kOfficeVerbs.size()> commands{};  // by OfficeVerb and status; without dry runs
  std::array<ByStatus, kOfficeVerbs.size()> dry_runs{};
};

/// What the store has done. Counts since the start of the process.
struct StoreFigures {
  Histogram entries_per_batch{kEntriesBounds};
  Histogram commit_seconds{kSecondsBounds};  // of the committed batches
  std::uint64_t take_overs = 0;              // this server began to lead, or led again after a failure
  Histogram take_over_seconds{kTakeOverBounds};
  std::array<std::uint64_t, StorageError::kKindCount> failures{};  // calls that failed, by StorageError::Kind
};

/// An open semester, as far as this server knows it: what it has decided included.
struct SemesterFigures {
  std::string name;
  Capacity capacity;
  Pool left;
  Seq head = 0;
  std::size_t waiting = 0;  // programs in its wait list
  std::size_t holds = 0;    // that are open
};

/// A server at one moment, for monitoring: published by the thread that serves, read by others. The number of semesters
/// is bounded by what the operator opens; clients cannot make it grow.
struct ServerFigures {
  SteadyTime at{};  // when it was published
  RequestFigures requests;
  OfficeFigures office = {};
  StoreFigures store;
  std::uint64_t top_ups = 0;        // of programs that waited; since the start of the process
  std::uint64_t holds_expired = 0;  // since the start of the process
  std::size_t holds_aside = 0;      // whose expiry the store rejected just now
  // The lead.
  Lead::Phase phase = Lead::Phase::kTakingOver;
  Epoch epoch = 0;           // under which this server leads, or led last; 0: it never led
  SteadyTime lease_until{};  // by this server's clock
  std::string leader;        // standing by: HOST:PORT of the leader, if known
  bool is_stopping = false;
  bool store_answers = true;     // false: its last call failed, or takes too long, or the store refuses everything
  bool store_is_silent = false;  // no call has had an answer for longer than the store timeout
  bool is_loaded = false;        // the state is the store's: this server leads, or has followed the ledger to its end
  std::uint64_t entries_behind = 0;  // standing by: what the state lacks of the ledger, as the last watch saw it
  SteadyTime followed_at{};          // standing by: when it reached the end last; before that: when it was to begin
  // What waits, and connections.
  std::size_t requests_waiting = 0;
  std::size_t bytes_waiting = 0;           // of their messages
  std::uint64_t peers = 0;                 // connections of clients
  Drops replies_dropped{};                 // by DropReason
  std::uint64_t times_closed = 0;          // all connections were closed: memory limit, old proxy, removed key
  Refusals refusals{};                     // of connections and messages, by Refusal
  std::size_t memory_max = 0;              // of the process, in bytes; 0: no limit
  std::vector<SemesterFigures> semesters;  // the open ones
};

using FiguresBoard = Board<ServerFigures>;

}  // namespace dti
