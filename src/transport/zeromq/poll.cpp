#include "dti/transport/zeromq/poll.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include <zmq.hpp>

namespace dti {

void wait_for(std::span<PollItem> items, std::optional<SteadyTime> until) {
  using std::chrono::milliseconds;
  milliseconds timeout{-1};
  if (until) {
    // Rounded up, because a wake-up just before the time would cause a busy loop.
    const auto left = std::chrono::ceil<milliseconds>(*until - std::chrono::steady_clock::now());
    timeout = std::clamp(left, milliseconds{0}, milliseconds{std::chrono::hours{1}});
  }
  std::vector<zmq::pollitem_t> polled;
  polled.reserve(items.size());
  for (const auto& item : items) {
    const auto events = static_cast<short>(item.for_writing ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
    polled.push_back({item.socket, item.descriptor, events, 0});
  }
  try {
    zmq::poll(polled.data(), polled.size(), timeout);
  } catch (const zmq::error_t& error) {
    if (error.num() != EINTR) throw;
    for (auto& item : polled) item.revents = 0;
  }
  for (std::size_t i = 0; i < items.size(); ++i) items[i].is_ready = polled[i].revents != 0;
}

}  // namespace dti
