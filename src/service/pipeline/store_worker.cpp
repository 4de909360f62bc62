#include "dti/service/pipeline/store_worker.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr auto kInterruptInterval = std::chrono::milliseconds{20};

}  // namespace

bool PolledCalls::takes(const StoreCall& call) const {
  return store_ != nullptr && (std::holds_alternative<CommitCall>(call) || std::holds_alternative<GuardCall>(call));
}

/// Does a part of the call in progress.
/// @return the end of the call if the part was the last one
template <class Part>
std::optional<StoreResult> PolledCalls::advance(Part part) {
  std::variant<StoreFailure, CommitResult> result;
  try {
    const std::optional<CommitResult> answer = part();
    if (!answer) return std::nullopt;
    result = *answer;
  } catch (const std::exception&) {
    result = failure_in_progress(call_ == Call::kCommit ? Kind::kInDoubt : Kind::kUnavailable);
  }
  std::optional<StoreResult> ended;
  if (std::exchange(call_, Call::kNone) == Call::kCommit) {
    ended.emplace().emplace<Ended<CommitCall>>().result = std::move(result);
  } else {
    ended.emplace().emplace<Ended<GuardCall>>().result = std::move(result);
  }
  return ended;
}

std::optional<StoreResult> PolledCalls::start(const StoreCall& call) {
  const auto* const commit = std::get_if<CommitCall>(&call);
  call_ = commit != nullptr ? Call::kCommit : Call::kGuard;
  return advance([&]() -> std::optional<CommitResult> {
    if (commit != nullptr) {
      store_->start_commit(commit->batch);
    } else {
      const auto& guard = std::get<GuardCall>(call);
      store_->start_guard(guard.epoch, guard.semesters);
    }
    return std::nullopt;
  });
}

std::optional<PollFor> PolledCalls::waits_for() const {
  if (call_ == Call::kNone) return std::nullopt;
  return store_->waits_for();
}

std::optional<StoreResult> PolledCalls::resume() {
  if (call_ == Call::kNone) return std::nullopt;
  return advance([this] { return store_->resume(); });
}

StoreWorker::StoreWorker(Repository& repository, std::function<Now()> clock, std::function<void(StoreEvent)> post)
    : repository_(repository),
      clock_(std::move(clock)),
      post_(std::move(post)),
      polled_(repository.pollable()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

StoreWorker::~StoreWorker() {
  thread_.request_stop();
  std::unique_lock lock{mutex_};
  while (!ended_) {
    repository_.interrupt();  // again: a take-over is several calls, and one may begin just after an interrupt
    ended_changed_.wait_for(lock, kInterruptInterval);
  }
}

void StoreWorker::start(StoreCall call) {
  DTI_CHECK(!polled_.waits_for() && !is_busy_);
  if (polled_.takes(call)) {
    if (auto ended = polled_.start(call)) post_(*std::move(ended));
    return;
  }
  {
    const std::lock_guard lock{mutex_};
    is_busy_ = true;
    call_ = std::move(call);
  }
  call_arrived_.notify_one();
}

void StoreWorker::run(const std::stop_token& stop) {
  const auto post_piece = [&](TakeOverPiece piece) {
    if (stop.stop_requested()) throw StorageError{Kind::kUnavailable, "stopped while reading the store"};
    post_(std::move(piece));
  };
  while (const auto call = next_call(stop)) {
    auto result = make_call(*call, repository_, clock_, post_piece);
    is_busy_ = false;
    post_(std::move(result));
  }
  const std::lock_guard lock{mutex_};
  ended_ = true;
  ended_changed_.notify_all();
}

std::optional<StoreCall> StoreWorker::next_call(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  if (!call_arrived_.wait(lock, stop, [this] { return call_.has_value(); }) || stop.stop_requested())
    return std::nullopt;
  return std::exchange(call_, std::nullopt);
}

}  // namespace dti
