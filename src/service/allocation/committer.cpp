#include "dti/service/allocation/committer.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/allocation/take_over.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr auto kInterruptInterval = std::chrono::milliseconds{20};

/// Does a call of the store. @param otherwise  what a failure counts as that is no StorageError (no memory)
template <class Done, class Call>
Done attempt(Kind otherwise, Call call) {
  try {
    return Done{call()};
  } catch (const StorageError& error) {
    return Done{StoreFailure{error.kind(), error.what()}};
  } catch (const std::exception& error) {
    return Done{StoreFailure{otherwise, error.what()}};
  }
}

}  // namespace

Committer::Committer(Repository& repository, std::function<WallTime()> clock, std::function<void(Event)> post)
    : repository_(repository),
      clock_(std::move(clock)),
      post_(std::move(post)),
      pollable_(repository.pollable()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Committer::~Committer() {
  thread_.request_stop();
  std::unique_lock lock{mutex_};
  while (!ended_) {
    repository_.interrupt();  // again: a take-over is several calls, and one may begin just after an interrupt
    ended_changed_.wait_for(lock, kInterruptInterval);
  }
}

void Committer::start(Job job) {
  DTI_CHECK(polled_ == Polled::kNothing && !is_busy_);
  const bool may_be_polled = std::holds_alternative<StartCommit>(job) || std::holds_alternative<StartGuard>(job);
  if (pollable_ != nullptr && may_be_polled) return start_polled(job);
  {
    const std::lock_guard lock{mutex_};
    is_busy_ = true;
    job_ = std::move(job);
  }
  job_arrived_.notify_one();
}

/// Does a part of the polled call. @return its event, once it has ended
template <class Part>
std::optional<Committer::Event> Committer::polled(Part part) {
  const bool is_commit = polled_ == Polled::kCommit;
  std::optional<CommitEvent> event;
  try {
    if (const std::optional<CommitResult> result = part()) event = *result;
  } catch (const StorageError& error) {
    event = StoreFailure{error.kind(), error.what()};
  } catch (const std::exception& error) {
    event = StoreFailure{is_commit ? Kind::kInDoubt : Kind::kUnavailable, error.what()};
  }
  if (!event) return std::nullopt;
  polled_ = Polled::kNothing;
  return is_commit ? Event{CommitDone{*std::move(event)}} : Event{GuardDone{*std::move(event)}};
}

void Committer::start_polled(const Job& job) {
  const auto* commit = std::get_if<StartCommit>(&job);
  polled_ = commit != nullptr ? Polled::kCommit : Polled::kGuard;
  auto ended = polled([&]() -> std::optional<CommitResult> {
    if (commit != nullptr) {
      pollable_->start_commit(commit->batch);
    } else {
      const auto& guard = std::get<StartGuard>(job);
      pollable_->start_guard(guard.epoch, guard.semesters);
    }
    return std::nullopt;
  });
  if (ended) post_(*std::move(ended));
}

std::optional<PollFor> Committer::waits_for() const {
  if (polled_ == Polled::kNothing) return std::nullopt;
  return pollable_->waits_for();
}

std::optional<Committer::Event> Committer::resume() {
  if (polled_ == Polled::kNothing) return std::nullopt;
  return polled([this] { return pollable_->resume(); });
}

void Committer::run(const std::stop_token& stop) {
  const auto end = [this](Event event) {
    is_busy_ = false;
    post_(std::move(event));
  };
  while (const auto job = next_job(stop)) {
    if (const auto* commit = std::get_if<StartCommit>(&*job)) {
      end(perform(*commit));
    } else if (const auto* guard = std::get_if<StartGuard>(&*job)) {
      end(perform(*guard));
    } else if (const auto* renew = std::get_if<StartRenew>(&*job)) {
      end(perform(*renew));
    } else if (const auto* release = std::get_if<StartRelease>(&*job)) {
      end(perform(*release));
    } else if (const auto* watch = std::get_if<StartWatch>(&*job)) {
      end(perform(*watch, stop));
    } else {
      end(perform(std::get<StartTakeOver>(*job), stop));
    }
  }
  const std::lock_guard lock{mutex_};
  ended_ = true;
  ended_changed_.notify_all();
}

std::optional<Committer::Job> Committer::next_job(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  if (!job_arrived_.wait(lock, stop, [this] { return job_.has_value(); }) || stop.stop_requested()) return std::nullopt;
  return std::exchange(job_, std::nullopt);
}

Committer::Event Committer::perform(const StartCommit& job) {
  return attempt<CommitDone>(Kind::kInDoubt, [&] { return repository_.commit(*job.batch); });
}

Committer::Event Committer::perform(const StartGuard& job) {
  return attempt<GuardDone>(Kind::kUnavailable, [&] { return repository_.guard(job.epoch, job.semesters); });
}

Committer::Event Committer::perform(const StartTakeOver& job, const std::stop_token& stop) {
  return attempt<TakeOverDone>(Kind::kUnavailable, [&]() -> TakeOverEvent {
    auto taken = take_over(repository_, job.request, clock_(), std::chrono::steady_clock::now, post_piece(stop));
    if (auto* held = std::get_if<HeldBy>(&taken)) return std::move(*held);
    return std::get<Leadership>(std::move(taken));
  });
}

Committer::Event Committer::perform(const StartWatch& job, const std::stop_token& stop) {
  return attempt<WatchDone>(Kind::kUnavailable,
                            [&]() -> WatchEvent { return follow(repository_, job.known, post_piece(stop)); });
}

Committer::Event Committer::perform(const StartRenew& job) {
  return attempt<RenewDone>(Kind::kUnavailable, [&] { return repository_.renew(job.epoch, job.duration); });
}

Committer::Event Committer::perform(const StartRelease& job) {
  return attempt<ReleaseDone>(Kind::kUnavailable, [&] { return repository_.release(job.epoch); });
}

std::function<void(TakeOverPiece)> Committer::post_piece(const std::stop_token& stop) {
  return [this, &stop](TakeOverPiece piece) {
    if (stop.stop_requested()) throw StorageError{Kind::kUnavailable, "stopped while reading the store"};
    post_(std::move(piece));
  };
}

}  // namespace dti
