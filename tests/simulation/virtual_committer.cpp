#include "simulation/virtual_committer.hpp"

#include <utility>
#include <variant>

#include "dti/base/check.hpp"
#include "dti/service/allocation/take_over.hpp"

namespace dti::simulation {
namespace {

template <class Done, class Call>
Done attempt(Call call) {
  try {
    return Done{call()};
  } catch (const StorageError& error) {
    return Done{StoreFailure{error.kind(), error.what()}};
  }
}

}  // namespace

VirtualCommitter::VirtualCommitter(std::function<Now()> clock, std::function<void(Committer::Event)> post)
    : clock_(std::move(clock)), post_(std::move(post)), fiber_([this] { run(); }) {}

void VirtualCommitter::start(Committer::Job job) {
  DTI_CHECK(!job_.has_value());
  job_ = std::move(job);
}

void VirtualCommitter::run() {
  while (true) {
    while (!job_) fiber_.suspend();
    const auto job = *std::exchange(job_, std::nullopt);
    post_(perform(job));
  }
}

Committer::Event VirtualCommitter::perform(const Committer::Job& job) {
  if (const auto* commit = std::get_if<StartCommit>(&job)) {
    return attempt<Committer::CommitDone>([&] { return repository->commit(*commit->batch); });
  }
  if (const auto* guard = std::get_if<StartGuard>(&job)) {
    return attempt<Committer::GuardDone>([&] { return repository->guard(guard->epoch, guard->semesters); });
  }
  if (const auto* renew = std::get_if<StartRenew>(&job)) {
    return attempt<Committer::RenewDone>([&] { return repository->renew(renew->epoch, renew->duration); });
  }
  if (const auto* release = std::get_if<StartRelease>(&job)) {
    return attempt<Committer::ReleaseDone>([&] { return repository->release(release->epoch); });
  }
  const auto post_piece = [&](TakeOverPiece piece) { post_(std::move(piece)); };
  if (const auto* watch = std::get_if<StartWatch>(&job)) {
    return attempt<Committer::WatchDone>([&]() -> WatchEvent { return follow(*repository, watch->known, post_piece); });
  }
  const auto& request = std::get<StartTakeOver>(job).request;
  return attempt<Committer::TakeOverDone>([&]() -> TakeOverEvent {
    auto taken = take_over(
        *repository, request, clock_().wall, [&] { return clock_().steady; }, post_piece);
    if (auto* held = std::get_if<HeldBy>(&taken)) return std::move(*held);
    return std::get<Leadership>(std::move(taken));
  });
}

}  // namespace dti::simulation
