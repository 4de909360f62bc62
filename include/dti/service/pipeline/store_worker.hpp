#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "dti/service/ledger/repository.hpp"
#include "dti/service/pipeline/store_call.hpp"

namespace dti {

/// Makes the commits and guards of a store that responds through a descriptor, on the thread that polls it.
/// Thread: the caller's. Source: docs/adr/0014-commits-in-the-poll-set.md
class PolledCalls {
 public:
  /// @param store  null: it accepts no call
  explicit PolledCalls(PollableCommits* store) : store_(store) {}

  [[nodiscard]] bool takes(const StoreCall& call) const;
  /// Starts a call that it accepts.
  /// @return the end of the call if it failed at once
  [[nodiscard]] std::optional<StoreResult> start(const StoreCall& call);
  /// The event for which the call in progress waits; none if there is no call.
  [[nodiscard]] std::optional<PollFor> waits_for() const;
  /// Continues the call in progress. Call it when the store is ready.
  /// @return the end of the call, once
  [[nodiscard]] std::optional<StoreResult> resume();

 private:
  enum class Call { kNone, kCommit, kGuard };

  template <class Part>
  [[nodiscard]] std::optional<StoreResult> advance(Part part);

  PollableCommits* const store_;
  Call call_ = Call::kNone;  // in progress
};

/// Makes the calls of the store, one at a time. A call that waits in the store runs on a thread of its own, and its
/// events are posted. The calls that PolledCalls takes run on the caller's thread, in start() and resume().
class StoreWorker {
 public:
  /// @param repository  used by this object alone, except for interrupt(); must outlive it
  /// @param post  receives each event, on the worker's thread (on the caller's, if a call fails at once)
  StoreWorker(Repository& repository, std::function<Now()> clock, std::function<void(StoreEvent)> post);
  /// Interrupts the call in progress, repeatedly, and waits for the thread. If the store cannot interrupt a call, this
  /// waits for it: a process that must end does so before (see Server::store_hangs()).
  ~StoreWorker();
  StoreWorker(const StoreWorker&) = delete;
  StoreWorker& operator=(const StoreWorker&) = delete;

  /// Starts a call; the one before must have ended. Thread: the caller's.
  void start(StoreCall call);
  /// The event for which a call on the caller's thread waits. Thread: the caller's.
  [[nodiscard]] std::optional<PollFor> waits_for() const { return polled_.waits_for(); }
  /// Continues a call on the caller's thread. Thread: the caller's.
  /// @return the end of the call, once
  [[nodiscard]] std::optional<StoreResult> resume() { return polled_.resume(); }
  /// Interrupts the call in progress, if the store can do so. Thread: any.
  void interrupt() noexcept { repository_.interrupt(); }

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<StoreCall> next_call(const std::stop_token& stop);

  // Fixed after construction.
  Repository& repository_;
  const std::function<Now()> clock_;
  const std::function<void(StoreEvent)> post_;
  // The caller's thread only.
  PolledCalls polled_;
  // Shared between the caller and the worker's thread.
  std::mutex mutex_;
  std::condition_variable_any call_arrived_;
  std::condition_variable_any ended_changed_;
  std::optional<StoreCall> call_;
  std::atomic<bool> is_busy_ = false;  // the thread uses the repository, from start() to the call's end
  bool ended_ = false;
  // The last member, so that the thread starts after the construction of the others.
  std::jthread thread_;
};

}  // namespace dti
