#pragma once

#include <functional>
#include <optional>

#include "dti/service/pipeline/store_call.hpp"
#include "simulation/fiber.hpp"

namespace dti::simulation {

/// Does the same as StoreWorker, in a fiber instead of a thread: makes the calls of the store, one at a time.
class VirtualStoreWorker {
 public:
  /// @param post  receives each event, within the fiber
  VirtualStoreWorker(std::function<Now()> clock, std::function<void(StoreEvent)> post);

  /// Starts a call; the one before must have ended. It begins when the fiber is resumed.
  void start(StoreCall call);
  void resume() { fiber_.resume(); }
  /// Within the fiber: waits until it is resumed.
  void suspend() { fiber_.suspend(); }

  /// Set before the first call; outlives this object.
  Repository* repository = nullptr;

 private:
  void run();

  const std::function<Now()> clock_;
  const std::function<void(StoreEvent)> post_;
  std::optional<StoreCall> call_;
  Fiber fiber_;  // last: it ends before what it uses
};

}  // namespace dti::simulation
