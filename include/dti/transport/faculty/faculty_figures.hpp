#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dti/base/board.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/status.hpp"
#include "dti/service/faculty/faculty_service.hpp"
#include "dti/transport/zeromq/drops.hpp"
#include "dti/transport/zeromq/refusals.hpp"

namespace dti {

/// A server of the settings, as a faculty sees it.
struct ServerLinkFigures {
  std::string address;  // HOST:PORT of the settings
  bool is_connected = false;
  bool is_in_use = false;  // the next batch goes to it first
};

/// A faculty at one moment, for monitoring: published by the thread that serves, read by others. Programs cannot make
/// it grow.
struct FacultyFigures {
  SteadyTime at{};  // when it was published
  FacultyCounts counts;
  std::array<std::uint64_t, kStatusCount> answers{};  // replies to programs, by status
  bool takes_requests = true;
  std::size_t programs_waiting = 0;
  std::size_t batches_gathering = 0;  // they wait for more programs
  std::size_t batches_asked = 0;      // they wait for a server
  std::vector<ServerLinkFigures> servers;
  std::uint64_t peers = 0;  // connections of programs
  Drops replies_dropped{};
  Refusals refusals{};             // of connections and messages, by Refusal
  std::uint64_t times_closed = 0;  // all connections were closed: memory limit, removed key
  std::size_t memory_max = 0;      // of the process, in bytes; 0: no limit
};

using FacultyBoard = Board<FacultyFigures>;

}  // namespace dti
