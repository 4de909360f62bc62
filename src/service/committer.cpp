#include "dti/service/committer.hpp"

#include <utility>

#include "dti/domain/check.hpp"
#include "dti/service/take_over.hpp"

namespace dti {
namespace {

StoreFailure failure(const StorageError& error) { return {error.kind(), error.what()}; }

}  // namespace

Committer::Committer(Repository& repository, std::function<WallTime()> clock, std::function<void(Event)> post)
    : repository_(repository),
      clock_(std::move(clock)),
      post_(std::move(post)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Committer::~Committer() {
  thread_.request_stop();
  repository_.interrupt();
}

void Committer::start(Job job) {
  {
    const std::lock_guard lock{mutex_};
    DTI_CHECK(!job_.has_value());
    job_ = std::move(job);
  }
  job_arrived_.notify_one();
}

void Committer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<Job> job;
    {
      std::unique_lock lock{mutex_};
      if (!job_arrived_.wait(lock, stop, [this] { return job_.has_value(); })) return;
      job = std::exchange(job_, std::nullopt);
    }
    post_(std::visit([this](const auto& what) { return perform(what); }, *job));
  }
}

Committer::Event Committer::perform(const StartCommit& job) {
  try {
    return CommitDone{repository_.commit(*job.batch)};
  } catch (const StorageError& error) {
    return CommitDone{failure(error)};
  }
}

Committer::Event Committer::perform(const StartGuard& job) {
  try {
    return GuardDone{repository_.guard(job.epoch, job.semesters)};
  } catch (const StorageError& error) {
    return GuardDone{failure(error)};
  }
}

Committer::Event Committer::perform(const StartTakeOver& job) {
  try {
    return TakeOverDone{take_over(repository_, job.request, clock_(), [this](TakeOverPiece piece) { post_(std::move(piece)); })};
  } catch (const StorageError& error) {
    return TakeOverDone{failure(error)};
  }
}

}  // namespace dti
