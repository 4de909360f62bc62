#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "dti/base/time.hpp"
#include "dti/quota/token_bucket.hpp"

namespace dti {

/// Limits the messages of each peer in time, with a bucket of messages that pass and one of messages that are refused.
/// The number of buckets is bounded: those that are full again are forgotten, which changes nothing, and when all
/// places are in use, the peers without one share theirs.
/// It has no clock and no random numbers. Thread: one.
class MessageLimit {
 public:
  static constexpr std::size_t kPeersMax = 16'384;  // with buckets of their own; about 1 MiB
  /// A larger message counts as several, because its cost is that of its programs, which have about 130 bytes each. A
  /// request of five programs, as faculties send, counts as one. Bytes are known before anything is read.
  static constexpr std::size_t kBytesPerToken = 1024;
  /// A bucket holds the messages of this time: a faculty sends all that it has when a semester opens, and is silent
  /// afterwards.
  static constexpr std::int64_t kBurstSeconds = 10;
  static constexpr std::chrono::seconds kSweepInterval{1};

  /// How many messages a message counts as.
  [[nodiscard]] static constexpr std::int64_t tokens_of(std::size_t bytes) {
    return 1 + static_cast<std::int64_t>(bytes / kBytesPerToken);
  }

  /// @param per_second  messages; 0: no limit
  explicit MessageLimit(std::int64_t per_second) { change(per_second); }

  /// Messages that were already counted keep their weight as time, not as a number.
  void change(std::int64_t per_second);
  [[nodiscard]] bool is_on() const { return size_.per_token.count() > 0; }

  struct Verdict {
    /// 0: the message passes. Otherwise it is refused, and may be repeated after this time. It is longer for each
    /// refused message, so that the repeats come one after the other.
    std::chrono::nanoseconds wait{};
    bool is_flood = false;  // more were refused than a peer sends that heeds this time
  };
  /// Counts a message of a peer.
  [[nodiscard]] Verdict take(std::uint64_t peer, std::size_t bytes, SteadyTime now);

  /// The peers that have buckets of their own.
  [[nodiscard]] std::size_t size() const { return peers_.size(); }

 private:
  struct Buckets {
    TokenBucket passed;
    TokenBucket refused;
  };
  Buckets& buckets_of(std::uint64_t peer, SteadyTime now);

  BucketSize size_;
  // Ordered: a peer may choose its addresses so that a hash table becomes a list.
  std::map<std::uint64_t, Buckets> peers_;
  Buckets shared_;
  SteadyTime sweep_at_{};
};

}  // namespace dti
