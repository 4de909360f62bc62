// The part of the pipeline that leads by a lease, and stands by while another server does.
#include <utility>

#include "dti/service/allocation/commit_pipeline.hpp"

namespace dti {
namespace {

constexpr std::chrono::milliseconds kRetryAfterUnknownLeader{250};  // nobody may lead just now

}  // namespace

void CommitPipeline::on(const Ended<WatchCall>& watch, const Now& now) {
  if (const auto* failure = watch.failure()) {
    if (failure->kind == StorageError::Kind::kRefused || failure->kind == StorageError::Kind::kCorrupt) {
      return end(1, failure->text, not_leader());
    }
    log_unavailable(failure->text, now);
    ++failures_in_a_row_;
    watch_at_ = now.steady + retry_delay();
    return;
  }
  failures_in_a_row_ = 0;
  const auto& seen = watch.answer();
  if (replay_fault_) {
    if (reads_all_) return end(1, "the store contradicts itself: " + *replay_fault_, not_leader());
    log(LogLevel::kError, "state-differs-from-store", *replay_fault_ + "; everything is read again");
    reread_all_ = true;
    return start_watch(now);
  }
  if (!seen.held) {
    phase_ = Phase::kTakingOver;
    return start_take_over(now);
  }
  reread_all_ = false;
  if (start_ && !start_fits_) compare_start();
  leader_ = seen.held->endpoint;
  watch_at_ = now.steady + kWatchInterval;
}

/// What this server was started with was found to fit before another one was found in the lead. So that its own take-over
/// has less to do, a catalogue of which the store has everything is let go: nothing is ever taken out of a store's.
void CommitPipeline::compare_start() {
  start_fits_ = true;
  const auto added = allocator_.catalog().additions(start_->catalog);
  const auto* const programs = std::get_if<std::vector<CatalogProgram>>(&added);
  if (programs != nullptr && programs->empty()) start_->catalog.clear();
}

void CommitPipeline::on(const Ended<RenewCall>& renewal, const Now& now) {
  if (const auto* failure = renewal.failure()) {
    if (failure->kind == StorageError::Kind::kRefused) return on_failure(*failure, now);
    return take_over_anew(failure->text, now);
  }
  switch (renewal.answer()) {
    case CommitResult::kCommitted: leads_since(call_since_); return pump(now);
    case CommitResult::kReplaced: return step_down(now);
    case CommitResult::kBaseMoved: return take_over_anew("the store's leadership is not where it was left", now);
  }
}

void CommitPipeline::on(const Ended<ResignCall>& resignation, const Now& /*now*/) {
  if (const auto* failure = resignation.failure()) {
    log(LogLevel::kWarning, "lease-not-released", failure->text + "; the lease runs out by itself");
  }
  end_in_order();
}

/// @param time  before the lease was asked for: the store's clock counts from later on
void CommitPipeline::leads_since(SteadyTime time) {
  lease_until_ = time + options_.lease.duration;
  renew_at_ = time + renewal_interval(options_.lease.duration);
}

bool CommitPipeline::is_renewal_due(const Now& now) const {
  return phase_ == Phase::kLeading && !call_ && now.steady >= renew_at_;
}

void CommitPipeline::start_renewal(const Now& now) { call_store(RenewCall{epoch_, options_.lease.duration}, now); }

/// Another server has taken the lead: nothing of what was decided and is not stored will be.
void CommitPipeline::step_down(const Now& now) {
  log(LogLevel::kWarning, "replaced", "another server has taken the lead of this store");
  stand_by({}, now.steady, now);
}

void CommitPipeline::stand_by(const HeldBy& leader, SteadyTime watch_at, const Now& now) {
  undo_all();
  phase_ = Phase::kStandby;
  lease_until_ = {};
  leader_ = leader.endpoint;
  retry_at_.reset();
  watch_at_ = watch_at;
  isolate_until_ = 0;
  refused_in_a_row_ = 0;
  failures_in_a_row_ = 0;
  invariant_failed_ = false;
  for (auto& waiting : std::exchange(undecided_, {})) {
    Outcome outcome;
    outcome.error = not_leader();
    answer(waiting, std::move(outcome));
    drop(waiting);
  }
  if (std::exchange(said_, Said::kStandby) != Said::kStandby) {
    log(LogLevel::kInfo, "standing-by",
        "another server leads" + (leader_.empty() ? "" : ", at " + leader_) + "; this one takes over when it may");
    actions_.emplace_back(AnnounceStandby{});
  }
  end_if_drained(now);
}

void CommitPipeline::start_watch(const Now& now) {
  watch_at_.reset();
  call_store(WatchCall{prepare_reading()}, now);
}

RequestError CommitPipeline::not_leader() const {
  if (leader_.empty()) {
    return {Status::kNotLeader, "another server leads; ask another one", kRetryAfterUnknownLeader, {}};
  }
  return {Status::kNotLeader, "another server leads; ask that one", {}, leader_};
}

void CommitPipeline::resign(const Now& now) { call_store(ResignCall{epoch_}, now); }

}  // namespace dti
