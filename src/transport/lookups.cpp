#include "transport/lookups.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "dti/transport/lookups.hpp"

namespace dti {
namespace {

std::atomic<int> detached_count{0};

}  // namespace

bool lookup_hangs() { return detached_count > 0; }

std::future<void> run_detached(std::function<void()> work) {
  std::promise<void> promise;
  auto done = promise.get_future();
  ++detached_count;
  std::thread{[work = std::move(work), promise = std::move(promise)]() mutable {
    work();
    work = nullptr;  // what it owns may take its time, too
    --detached_count;
    promise.set_value();
  }}.detach();
  return done;
}

void end_contexts(std::vector<zmq::context_t> contexts, std::chrono::milliseconds bound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  std::vector<std::future<void>> ends;
  for (auto& context : contexts) {
    ends.push_back(run_detached([owned = std::make_shared<zmq::context_t>(std::move(context))] { owned->close(); }));
  }
  for (const auto& end : ends) end.wait_until(deadline);
}

}  // namespace dti
