#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dti/base/log.hpp"
#include "dti/base/log_limit.hpp"
#include "dti/base/time.hpp"
#include "dti/quota/message_limit.hpp"
#include "dti/quota/network.hpp"
#include "dti/quota/peer_limits.hpp"

namespace dti {

/// Counts the messages of each key, or without a key of each address, and logs those that are too many. Keys and
/// addresses have limits of their own, so that many addresses cannot take the places of keys.
/// Thread: one.
class MessageCounts {
 public:
  MessageCounts(const PeerLimits& limits, LogSink log);

  void change(const PeerLimits& limits);
  [[nodiscard]] bool is_on() const { return of_keys_.is_on(); }

  struct Key {
    std::uint64_t number = 0;
    std::string_view name;  // for the log
  };
  /// @param key  that the peer has proved; none: it has none, and its network counts
  [[nodiscard]] MessageLimit::Verdict count(const std::optional<Key>& key, Network network, std::size_t bytes,
                                            SteadyTime now);

  /// Messages that were too many, without those of a flood.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  /// Messages of a flood.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::chrono::seconds kLogInterval{1};

  MessageLimit of_keys_;
  MessageLimit of_addresses_;
  const bool are_for_local_;
  const LogSink log_;
  LogLimit refusal_log_limit_{kLogInterval};
  LogLimit drop_log_limit_{kLogInterval};
  std::uint64_t refused_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace dti
