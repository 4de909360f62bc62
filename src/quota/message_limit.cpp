#include "dti/quota/message_limit.hpp"

namespace dti {

void MessageLimit::change(std::int64_t per_second) {
  constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds{1};
  size_ = per_second == 0 ? BucketSize{} : BucketSize{kSecond / per_second, per_second * kBurstSeconds};
}

MessageLimit::Verdict MessageLimit::take(std::uint64_t peer, std::size_t bytes, SteadyTime now) {
  constexpr std::chrono::nanoseconds kTaken{0};
  if (!is_on()) return {};
  const auto tokens = tokens_of(bytes);
  auto& buckets = buckets_of(peer, now);
  const auto wait = buckets.passed.take(tokens, size_, now);
  if (wait == kTaken) return {};
  const bool is_flood = buckets.refused.take(tokens, size_, now) != kTaken;
  return {.wait = wait + buckets.refused.full_in(now), .is_flood = is_flood};
}

MessageLimit::Buckets& MessageLimit::buckets_of(std::uint64_t peer, SteadyTime now) {
  const auto found = peers_.find(peer);
  if (found != peers_.end()) return found->second;
  if (peers_.size() >= kPeersMax && now >= sweep_at_) {
    sweep_at_ = now + kSweepInterval;  // a sweep takes about a millisecond
    std::erase_if(peers_, [now](const auto& entry) {
      const auto& [passed, refused] = entry.second;
      return passed.full_in(now).count() == 0 && refused.full_in(now).count() == 0;
    });
  }
  return peers_.size() < kPeersMax ? peers_[peer] : shared_;
}

}  // namespace dti
