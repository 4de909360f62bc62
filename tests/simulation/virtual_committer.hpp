#pragma once

#include <functional>
#include <optional>

#include "dti/service/allocation/committer.hpp"
#include "simulation/fiber.hpp"

namespace dti::simulation {

/// Does what Committer does, in a fiber instead of a thread: one call of the Repository after another, as told.
class VirtualCommitter {
 public:
  /// @param post  given each event, within the fiber
  VirtualCommitter(std::function<Now()> clock, std::function<void(Committer::Event)> post);

  /// Starts a job; the one before must have been answered by its event. It begins when the fiber is resumed.
  void start(Committer::Job job);
  void resume() { fiber_.resume(); }
  /// Within the fiber: waits until it is resumed.
  void suspend() { fiber_.suspend(); }

  /// Set before the first job; outlives this object.
  Repository* repository = nullptr;

 private:
  void run();
  [[nodiscard]] Committer::Event perform(const Committer::Job& job);

  const std::function<Now()> clock_;
  const std::function<void(Committer::Event)> post_;
  std::optional<Committer::Job> job_;
  Fiber fiber_;  // last: it ends before what it uses
};

}  // namespace dti::simulation
