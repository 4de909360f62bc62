#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/status.hpp"

namespace dti::bench {

/// How often each status was given.
class StatusCounts {
 public:
  void add(std::string_view status, std::uint64_t times = 1);
  void add(Status status, std::uint64_t times = 1) { known_[static_cast<std::size_t>(status)] += times; }
  /// Those that were given at all, by their text on the wire.
  [[nodiscard]] std::map<std::string, std::uint64_t> by_name() const;

 private:
  std::array<std::uint64_t, kStatusCount> known_{};
  std::map<std::string, std::uint64_t> others_;  // of servers that know more
};

/// The number of the request that a reply answers, by its last request-id; none if it has none of ours.
[[nodiscard]] std::optional<std::uint64_t> number_of_reply(std::string_view reply);

/// The error of the whole request.
struct ReplyError {
  std::string_view name;  // in the reply's bytes
  std::optional<std::chrono::milliseconds> retry_after;
};
/// @return none if the request as a whole was served
[[nodiscard]] std::optional<ReplyError> error_of_reply(std::string_view reply);

/// Counts each program's status.
/// @return were all of them OK?
bool count_statuses(std::string_view reply, StatusCounts& counts);

}  // namespace dti::bench
