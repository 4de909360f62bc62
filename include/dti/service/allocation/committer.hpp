#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "dti/service/allocation/commit_pipeline.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// Does one call of the Repository after another, as told. Calls that wait in the store have a thread of their own, and
/// what came of them is posted; the commits and guards of a store that can be polled are carried out by the caller's
/// thread, in resume().
class Committer {
 public:
  using Job = std::variant<StartCommit, StartGuard, StartTakeOver, StartWatch, StartRenew, StartRelease>;
  struct CommitDone {
    CommitEvent event;
  };
  struct GuardDone {
    CommitEvent event;
  };
  struct TakeOverDone {
    TakeOverEvent event;
  };
  struct WatchDone {
    WatchEvent event;
  };
  struct RenewDone {
    CommitEvent event;
  };
  struct ReleaseDone {
    CommitEvent event;
  };
  using Event = std::variant<CommitDone, GuardDone, TakeOverPiece, TakeOverDone, WatchDone, RenewDone, ReleaseDone>;

  /// @param repository  used by this object alone, but for interrupt(); outlives it
  /// @param post  given each event, on the committer's thread (a job that fails as it starts: on the caller's)
  Committer(Repository& repository, std::function<WallTime()> clock, std::function<void(Event)> post);
  /// Interrupts what is under way, again and again, and waits for the thread. A store whose call cannot be interrupted
  /// holds this up: a process that must end does so before (see Server::store_hangs()).
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Starts a job; the one before must have been answered by its event. Thread: the pipeline's.
  void start(Job job);
  /// What the job under way waits for, if it is the caller's thread that carries it out. Thread: the pipeline's.
  [[nodiscard]] std::optional<PollFor> waits_for() const;
  /// Goes on with that job. Call it when what it waits for is there. @return its event, once. Thread: the pipeline's.
  [[nodiscard]] std::optional<Event> resume();
  /// Ends the call under way, if the store can. Thread: any.
  void interrupt() noexcept { repository_.interrupt(); }

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<Job> next_job(const std::stop_token& stop);
  void start_polled(const Job& job);
  template <class Part>
  [[nodiscard]] std::optional<Event> polled(Part part);
  [[nodiscard]] Event perform(const StartCommit& job);
  [[nodiscard]] Event perform(const StartGuard& job);
  [[nodiscard]] Event perform(const StartTakeOver& job, const std::stop_token& stop);
  [[nodiscard]] Event perform(const StartWatch& job, const std::stop_token& stop);
  [[nodiscard]] Event perform(const StartRenew& job);
  [[nodiscard]] Event perform(const StartRelease& job);

  [[nodiscard]] std::function<void(TakeOverPiece)> post_piece(const std::stop_token& stop);

  // Fixed after construction.
  Repository& repository_;
  const std::function<WallTime()> clock_;
  const std::function<void(Event)> post_;
  PollableCommits* const pollable_;
  // The pipeline's thread only.
  enum class Polled { kNothing, kCommit, kGuard } polled_ = Polled::kNothing;  // the call that it carries out
  // Shared between the caller and the committer's thread.
  std::mutex mutex_;
  std::condition_variable_any job_arrived_;
  std::condition_variable_any ended_changed_;
  std::optional<Job> job_;
  std::atomic<bool> is_busy_ = false;  // the thread has the repository to itself, from start() to the job's last event
  bool ended_ = false;
  // Last: it starts when everything above is there.
  std::jthread thread_;
};

}  // namespace dti
