#include "transport/zeromq/outbox.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "dti/base/check.hpp"
#include "transport/zeromq/frames.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr auto kRetryInterval = 5ms;
constexpr auto kKeptFor = 5s;  // the replies to a peer that reads nothing for this time are dropped
constexpr std::size_t kFrameOverheadBytes = sizeof(zmq::message_t);
// A peer may have 1 / kPartOfFree of the free part of kSentBytesMax, so that some of it is always left for peers that
// read, even if many peers do not.
constexpr std::size_t kPartOfFree = 16;

std::size_t size_of(const std::vector<zmq::message_t>& frames) {
  return std::accumulate(
      frames.begin(), frames.end(), std::size_t{0},
      [](std::size_t sum, const zmq::message_t& frame) { return sum + frame.size() + kFrameOverheadBytes; });
}

}  // namespace

// The bytes that were counted for a message that ZeroMQ holds. ZeroMQ frees it with the last frame of the message.
struct Outbox::Charge {
  Charge(zmq::message_t of, std::size_t charged, Bytes of_peer, Bytes of_all)
      : frame(std::move(of)), bytes(charged), peer(std::move(of_peer)), all(std::move(of_all)) {
    *peer += bytes;
    *all += bytes;
    is_made.store(true, std::memory_order_release);
  }
  ~Charge() {
    *peer -= bytes;
    *all -= bytes;
  }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  // Called on the thread that frees the message. Never waits.
  static void free(void*, void* charge) {
    auto* const self = static_cast<Charge*>(charge);
    DTI_CHECK(self->is_made.load(std::memory_order_acquire));  // so this thread sees the members
    delete self;
  }

  zmq::message_t frame;
  const std::size_t bytes;
  const Bytes peer;
  const Bytes all;
  std::atomic<bool> is_made = false;
};

void Outbox::send(std::vector<zmq::message_t> frames, SteadyTime now) {
  DTI_CHECK(frames.size() > 1);
  if (peers_.size() >= forget_at_) forget_idle_peers();
  auto id = frames.front().to_string();
  auto& peer = peers_[id];
  if (!peer.sent_bytes) peer.sent_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  const auto bytes = size_of(frames);
  Reply reply{std::move(frames), bytes, now};
  if (peer.kept.empty()) {
    const auto handed = hand_over(peer, reply);
    if (handed == Handed::kDropped) count_drop(DropReason::kPeerGone);
    if (handed != Handed::kNotYet) return;
  }
  // The kept replies of one peer never exceed the space that is left for the other peers.
  if (peer.kept_bytes + bytes > kKeptBytesMax - kept_bytes_) return count_drop(DropReason::kNotRead);
  kept_bytes_ += bytes;
  peer.kept_bytes += bytes;
  if (peer.kept.empty()) keeping_.push_back(std::move(id));
  peer.kept.push_back(std::move(reply));
  if (!wake_at_) wake_at_ = now + kRetryInterval;
}

void Outbox::retry(SteadyTime now) {
  if (!wake_at_ || now < *wake_at_) return;
  std::erase_if(keeping_, [&](const std::string& id) {
    auto& peer = peers_.at(id);
    send_some(peer, now);
    return peer.kept.empty();
  });
  wake_at_ = keeping_.empty() ? std::nullopt : std::optional{now + kRetryInterval};
}

void Outbox::drop_all() {
  for (const auto& id : keeping_) drops_[static_cast<std::size_t>(DropReason::kClosed)] += peers_.at(id).kept.size();
  keeping_.clear();
  peers_.clear();
  kept_bytes_ = 0;
  wake_at_.reset();
}

void Outbox::send_some(Peer& peer, SteadyTime now) {
  while (!peer.kept.empty()) {
    auto& reply = peer.kept.front();
    const auto handed = hand_over(peer, reply);
    if (handed == Handed::kNotYet && now - reply.since < kKeptFor) return;
    if (handed == Handed::kDropped) count_drop(DropReason::kPeerGone);
    if (handed == Handed::kNotYet) count_drop(DropReason::kNotRead);
    kept_bytes_ -= reply.bytes;
    peer.kept_bytes -= reply.bytes;
    peer.kept.pop_front();
  }
}

Outbox::Handed Outbox::hand_over(const Peer& peer, Reply& reply) {
  if (!reply.charged) {
    if (!may_send(peer, reply.bytes)) return Handed::kNotYet;
    charge(peer, reply);
  }
  switch (send_frames(router_, reply.frames)) {
    case SendResult::kSent: return Handed::kSent;
    case SendResult::kPeerGone: return Handed::kDropped;
    case SendResult::kPeerFull: break;
  }
  return Handed::kNotYet;
}

bool Outbox::may_send(const Peer& peer, std::size_t bytes) const {
  const std::size_t all = *sent_bytes_;
  const std::size_t of_peer = *peer.sent_bytes;
  const auto free = all < kSentBytesMax ? kSentBytesMax - all : 0;
  if (of_peer == 0 && bytes <= free / 2) return true;
  return of_peer + bytes <= std::clamp(free / kPartOfFree, kSentBytesOfPeerMin, kSentBytesOfPeerMax);
}

/// Wraps the last frame in a Charge. ZeroMQ frees it when the whole message was written, or when its peer has left.
void Outbox::charge(const Peer& peer, Reply& reply) const {
  auto& last = reply.frames.back();
  auto* const charge = new Charge{std::move(last), reply.bytes, peer.sent_bytes, sent_bytes_};
  last = zmq::message_t{charge->frame.data(), charge->frame.size(), &Charge::free, charge};
  reply.charged = true;
}

/// Removes the peers that have no replies in ZeroMQ or here. The cost is low, because it runs only when the number of
/// peers has doubled.
void Outbox::forget_idle_peers() {
  std::erase_if(peers_, [](const auto& peer) { return peer.second.kept.empty() && *peer.second.sent_bytes == 0; });
  forget_at_ = std::max<std::size_t>(1'024, 2 * peers_.size());
}

}  // namespace dti
