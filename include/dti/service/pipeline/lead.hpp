#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "dti/base/time.hpp"
#include "dti/domain/ledger.hpp"

namespace dti {

/// Whether this server leads its store, how long its lease lasts by its own clock, and when it asks the store next: to renew
/// the lease, to take over again after a failure, or to see which server leads while this one stands by.
/// Thread: one. Source: docs/adr/0015-leases.md
class Lead {
 public:
  enum class Phase {
    kTakingOver,  // from the start, after a failure of the store, or because no server leads: requests wait undecided
    kLeading,
    kStandby,  // another server leads: requests are sent to it
  };

  // The interval of a standby's watches, and so the longest wait after a leader has given up the lead.
  static constexpr std::chrono::milliseconds kWatchInterval{100};

  /// @param lease  how long the store's lease lasts, until begin_take_over() or begin_renewal()
  explicit Lead(std::chrono::milliseconds lease) : lease_(lease) {}

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool leads() const { return phase_ == Phase::kLeading; }
  /// The epoch under which this server leads, or led last.
  [[nodiscard]] Epoch epoch() const { return epoch_; }
  /// The address of the leader for clients, while this server is a standby; empty: not known.
  [[nodiscard]] const std::string& leader() const { return leader_; }
  /// How long the store's lease lasts: what the last take-over or renewal asked for.
  [[nodiscard]] std::chrono::milliseconds lease() const { return lease_; }
  /// Tells whether the lease is valid by the clock of this server.
  [[nodiscard]] bool has_lease(SteadyTime now) const { return now < lease_until_; }
  /// Tells whether this server stands by, and has read the ledger to its end since it does.
  [[nodiscard]] bool has_followed() const { return phase_ == Phase::kStandby && has_followed_; }
  /// Standing by: when this server read the ledger to its end last. Before the first time: when it was to begin.
  [[nodiscard]] SteadyTime followed_at() const { return followed_at_; }
  /// When the lease runs out, by this server's clock.
  [[nodiscard]] SteadyTime lease_until() const { return lease_until_; }

  /// A take-over starts now. @param lease  how long the store's lease lasts if the take-over succeeds
  void begin_take_over(std::chrono::milliseconds lease, SteadyTime now) {
    ask_for(lease, now);
    retry_at_.reset();
  }
  /// A renewal starts now. @param lease  how long the store's lease lasts if the renewal succeeds
  void begin_renewal(std::chrono::milliseconds lease, SteadyTime now) { ask_for(lease, now); }
  /// The lease is to be renewed as soon as possible.
  void renew_soon(SteadyTime now) { renew_at_ = std::min(renew_at_, now); }
  /// The store failed, and this server must take over again.
  /// @return true if it may do so at once; otherwise a pause has begun
  [[nodiscard]] bool lose(SteadyTime now);
  /// A take-over failed: a pause begins, which grows with each failure.
  void retry_later(SteadyTime now);
  /// This standby found that no server leads, and takes over.
  void find_free() { phase_ = Phase::kTakingOver; }
  /// This server leads.
  /// @param asked_at  a time before the take-over, so that the lease ends here earlier than by the clock of the store
  void take(Epoch epoch, SteadyTime asked_at);
  /// The lease was renewed.
  /// @param asked_at  a time before the renewal
  void renew(SteadyTime asked_at);
  /// Another server leads.
  /// @param watch_at  the time of the next watch
  void stand_by(std::string leader, SteadyTime watch_at);
  /// A watch has read the ledger to its end: that server still leads.
  void see(std::string leader, SteadyTime now);
  /// A watch starts now.
  void begin_watch() { watch_at_.reset(); }
  /// A watch failed: a pause begins, which grows with each failure.
  void watch_later(SteadyTime now);
  /// The store has answered: the next failure is the first one.
  void on_answer() { failures_in_a_row_ = 0; }

  [[nodiscard]] bool is_take_over_due(SteadyTime now) const { return retry_at_ && now >= *retry_at_; }
  [[nodiscard]] bool is_watch_due(SteadyTime now) const { return watch_at_ && now >= *watch_at_; }
  [[nodiscard]] bool is_renewal_due(SteadyTime now) const { return leads() && now >= renew_at_; }
  [[nodiscard]] std::optional<SteadyTime> retry_at() const { return retry_at_; }
  [[nodiscard]] std::optional<SteadyTime> watch_at() const { return watch_at_; }
  [[nodiscard]] SteadyTime renew_at() const { return renew_at_; }

 private:
  // The store may have the lease before it answers. If it is shorter than the one before, it counts from now on.
  void ask_for(std::chrono::milliseconds lease, SteadyTime now) {
    lease_ = lease;
    lease_until_ = std::min(lease_until_, now + lease);
  }
  [[nodiscard]] std::chrono::milliseconds retry_delay() const;

  std::chrono::milliseconds lease_;
  Phase phase_ = Phase::kTakingOver;
  Epoch epoch_ = 0;
  SteadyTime lease_until_{};            // by our clock
  SteadyTime renew_at_{};               // leading
  std::optional<SteadyTime> retry_at_;  // the next take-over, after one that failed
  std::optional<SteadyTime> watch_at_;  // standing by: the next watch
  std::string leader_;                  // standing by
  SteadyTime followed_at_{};            // standing by
  bool has_followed_ = false;           // since it stands by
  int failures_in_a_row_ = 0;           // of the store, without an answer between them
};

}  // namespace dti
