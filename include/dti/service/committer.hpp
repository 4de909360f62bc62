#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "dti/service/commit_pipeline.hpp"
#include "dti/service/repository.hpp"

namespace dti {

/// The thread that writes: does one call of the Repository after another, as told, and posts what came of it.
class Committer {
 public:
  using Job = std::variant<StartCommit, StartGuard, StartTakeOver>;
  struct CommitDone {
    CommitEvent event;
  };
  struct GuardDone {
    CommitEvent event;
  };
  struct TakeOverDone {
    TakeOverEvent event;
  };
  using Event = std::variant<CommitDone, GuardDone, TakeOverPiece, TakeOverDone>;

  /// @param repository  used by this thread alone, but for interrupt(); outlives this object
  /// @param post  given each event, on the committer's thread
  Committer(Repository& repository, std::function<WallTime()> clock, std::function<void(Event)> post);
  /// Interrupts what is under way, again and again, and waits for the thread. A store whose call cannot be interrupted
  /// holds this up: a process that must end does so before (see Server::store_hangs()).
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Starts a job; the one before must have been answered by its event. Thread: the pipeline's.
  void start(Job job);
  /// Ends the call under way, if the store can. Thread: any.
  void interrupt() noexcept { repository_.interrupt(); }

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<Job> next_job(const std::stop_token& stop);
  [[nodiscard]] Event perform(const StartCommit& job);
  [[nodiscard]] Event perform(const StartGuard& job);
  [[nodiscard]] Event perform(const StartTakeOver& job, const std::stop_token& stop);

  // Fixed after construction.
  Repository& repository_;
  const std::function<WallTime()> clock_;
  const std::function<void(Event)> post_;
  // Shared between the caller and the committer's thread.
  std::mutex mutex_;
  std::condition_variable_any job_arrived_;
  std::condition_variable_any ended_changed_;
  std::optional<Job> job_;
  bool ended_ = false;
  // Last: it starts when everything above is there.
  std::jthread thread_;
};

}  // namespace dti
