#include "transport/outbox.hpp"

#include <iterator>
#include <numeric>
#include <utility>

#include "transport/frames.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr auto kRetryInterval = 5ms;
constexpr auto kKeptFor = 5s;                            // a peer that reads nothing for so long has lost its replies
constexpr std::size_t kKeptBytesMax = 64 * 1024 * 1024;  // of all peers together
constexpr std::size_t kFrameOverheadBytes = sizeof(zmq::message_t);

std::size_t size_of(const std::vector<zmq::message_t>& frames) {
  return std::accumulate(
      frames.begin(), frames.end(), std::size_t{0},
      [](std::size_t sum, const zmq::message_t& frame) { return sum + frame.size() + kFrameOverheadBytes; });
}

}  // namespace

void Outbox::send(std::vector<zmq::message_t> frames, Time now) {
  auto peer = frames.front().to_string();
  const auto kept = kept_.find(peer);
  if (kept == kept_.end()) {
    const auto result = send_frames(router_, frames);
    if (result == SendResult::kSent) return;
    if (result == SendResult::kPeerGone) {
      ++dropped_;
      return;
    }
  }
  const auto bytes = size_of(frames);
  if (kept_bytes_ + bytes > kKeptBytesMax) {
    ++dropped_;
    return;
  }
  kept_bytes_ += bytes;
  auto& replies = kept == kept_.end() ? kept_[std::move(peer)] : kept->second;
  replies.push_back({std::move(frames), bytes, now});
  if (!wake_at_) wake_at_ = now + kRetryInterval;
}

void Outbox::retry(Time now) {
  if (!wake_at_ || now < *wake_at_) return;
  for (auto peer = kept_.begin(); peer != kept_.end();) {
    peer = send_some(peer->second, now) ? kept_.erase(peer) : std::next(peer);
  }
  wake_at_ = kept_.empty() ? std::nullopt : std::optional{now + kRetryInterval};
}

/// @return whether nothing is left of them
bool Outbox::send_some(std::deque<Reply>& replies, Time now) {
  while (!replies.empty()) {
    auto& reply = replies.front();
    const auto result = send_frames(router_, reply.frames);
    if (result == SendResult::kPeerFull && now - reply.since < kKeptFor) return false;
    if (result != SendResult::kSent) ++dropped_;
    kept_bytes_ -= reply.bytes;
    replies.pop_front();
  }
  return true;
}

}  // namespace dti
