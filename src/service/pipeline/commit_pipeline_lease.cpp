// The part of the pipeline that leads with a lease, or is a standby while another server leads.
#include <chrono>
#include <utility>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {

void CommitPipeline::start_watch(const Now& now) {
  lead_.begin_watch();
  call_store(WatchCall{reading_.begin(allocator_)}, now);
}

void CommitPipeline::on(const Ended<WatchCall>& watch, const Now& now) {
  if (const auto* failure = watch.failure()) {
    switch (failure->kind) {
      case StorageError::Kind::kRefused:
      case StorageError::Kind::kCorrupt:
      case StorageError::Kind::kRewritten:
        return end(exit_code(failure->kind), failure->text, not_leader(lead_.leader()));
      default: break;
    }
    log_unavailable(failure->text, now);
    return lead_.watch_later(now.steady);
  }
  lead_.on_answer();
  if (const auto& fault = reading_.fault()) {
    on_contradiction(*fault, not_leader(lead_.leader()));
    if (!has_ended_) start_watch(now);
    return;
  }
  const auto& held = watch.answer().held;
  if (!held) {
    lead_.find_free();
    return start_take_over(now);
  }
  for (auto& event : reading_.succeed(allocator_)) log(std::move(event));
  if (start_ && !start_fits_) compare_start();
  lead_.see(held->endpoint, now.steady);
}

/// The start was found to fit the store before another server was found in the lead. So that this server's own
/// take-over has less to do, a catalogue that the store has completely is dropped: a store never loses a program.
void CommitPipeline::compare_start() {
  start_fits_ = true;
  const auto added = allocator_.catalog().additions(start_->catalog);
  const auto* const programs = std::get_if<std::vector<CatalogProgram>>(&added);
  if (programs != nullptr && programs->empty()) start_->catalog.clear();
}

void CommitPipeline::change_lease(std::chrono::milliseconds duration, const Now& now) {
  options_.lease.duration = duration;
  lead_.renew_soon(now.steady);
}

/// The duration changed while the call was in progress that asked for the lease.
void CommitPipeline::renew_soon_if_changed(const Now& now) {
  if (lead_.lease() != options_.lease.duration) lead_.renew_soon(now.steady);
}

void CommitPipeline::renew(const Now& now) {
  lead_.begin_renewal(options_.lease.duration, now.steady);
  call_store(RenewCall{lead_.epoch(), options_.lease.duration}, now);
}

void CommitPipeline::on(const Ended<RenewCall>& renewal, const Now& now) {
  if (const auto* failure = renewal.failure()) {
    if (failure->kind == StorageError::Kind::kRefused) return on_failure(*failure, now);
    return take_over_again(failure->text, now);
  }
  switch (renewal.answer()) {
    case CommitResult::kCommitted:
      lead_.renew(call_.since());
      renew_soon_if_changed(now);
      // Groups whose guard ended after the lease. The renewal began after the guard: this server led then.
      if (!queue_.in_flight.empty()) return on_durable(std::exchange(queue_.in_flight, {}), now);
      return pump(now);
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_again("the store's leadership is not where it was left", now);
  }
}

void CommitPipeline::resign(const Now& now) { call_store(ResignCall{lead_.epoch()}, now); }

void CommitPipeline::on(const Ended<ResignCall>& resignation, const Now& /*now*/) {
  if (const auto* failure = resignation.failure()) {
    log(LogLevel::kWarning, "lease-not-released", failure->text + "; the lease runs out by itself");
  }
  end_in_order();
}

/// Another server has taken the lead: decisions that are not stored are undone.
void CommitPipeline::step_down(const Now& now) {
  log(LogLevel::kWarning, "replaced", "another server has taken the lead of this store");
  stand_by({}, now.steady, now);
}

void CommitPipeline::stand_by(const HeldBy& leader, SteadyTime watch_at, const Now& now) {
  undo_all();
  lead_.stand_by(leader.endpoint, watch_at);
  isolation_.reset();
  invariant_failed_ = false;
  queue_.remove_undecided([&](WaitingRequest& waiting) {
    refuse(waiting, not_leader(lead_.leader()));
    return true;
  });
  queue_.remove_barriers([&](WaitingBarrier& waiting) {
    refuse(waiting, not_leader(lead_.leader()));
    return true;
  });
  if (std::exchange(said_, Said::kStandby) != Said::kStandby) {
    log(LogLevel::kInfo, "standing-by",
        "another server leads" + (leader.endpoint.empty() ? "" : ", at " + leader.endpoint) +
            "; this one takes over when it may");
    actions_.emplace_back(AnnounceStandby{});
  }
  end_if_drained(now);
}

}  // namespace dti
