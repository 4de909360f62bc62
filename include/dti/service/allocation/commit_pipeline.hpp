#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "dti/base/actions.hpp"
#include "dti/base/log.hpp"
#include "dti/base/log_limit.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/service/allocation/allocator.hpp"
#include "dti/service/allocation/store_call.hpp"
#include "dti/service/allocation/take_over.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

struct PipelineOptions {
  std::chrono::milliseconds store_timeout{10'000};  // how long a request waits for the store
  std::chrono::milliseconds stop_timeout{1'500};    // how long a stop waits for the store
  std::size_t requests_max = 16'384;                // waiting for an answer
  std::size_t bytes_max = 64 * 1024 * 1024;         // of their messages, envelopes included
  std::size_t batch_entries_max = 20'000;           // a batch closes with the message that reaches it
  std::size_t faculties_to_answer = 0;              // stop after so many distinct ones were answered; 0: run on
  Lease lease{};                                    // on which this server leads, once it does
};

/// The answer to a request; exactly one leaves for each token.
struct SendReply {
  Token token = 0;
  AllocationRequest request;
  Outcome outcome;
};
/// The call in progress takes too long: Repository::interrupt().
struct InterruptStore {};
/// The server leads, with its state loaded: for the first time, or again after it stood by.
struct AnnounceReady {};
/// Another server leads, and this one waits for its turn: for the first time, or again after it led.
struct AnnounceStandby {};
/// A StoreCall is to be started; its end is given to on_store(). At most one is in progress.
using Action = std::variant<SendReply, StoreCall, InterruptStore, AnnounceReady, AnnounceStandby, LogEvent, Exit>;

/// Group commit as a state machine: events in, actions out; no thread, clock, socket or blocking call.
/// Requests are decided on arrival, in order; what was decided gathers while one batch is being committed, and its answers
/// leave when it is. A failure undoes what is not known to be stored, takes over, and decides again what waits.
/// While another server leads, this one stands by: it reads on, sends clients there, and takes over when the lead is free.
/// Thread: one. Source: docs/adr/0003-reply-after-commit.md, docs/adr/0004-take-over.md, docs/adr/0015-leases.md
class CommitPipeline {
 public:
  CommitPipeline(PipelineOptions options, StartOptions start);

  /// First event: begins the first take-over, which finds whether another server leads.
  void on_start(const Now& now);
  /// A well-formed request whose message had so many bytes. It is decided, and waits for on_turn_end(); after on_stop()
  /// or Exit it is refused at once.
  void on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now);
  /// No more requests are at hand: what was decided since the last turn may be committed now, together.
  void on_turn_end(const Now& now) { pump(now); }
  /// What the take-over or the watch in progress has read.
  void on_piece(TakeOverPiece piece, const Now& now);
  /// The call in progress has ended.
  void on_store(StoreResult result, const Now& now);
  /// Time has passed; to be called at wake_at() at the latest.
  void on_tick(const Now& now);
  /// Asked to stop: what waits is answered, the lead is given up, then comes Exit.
  void on_stop(const Now& now);

  /// When on_tick() wants to be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call, in the order in which they are to be done.
  [[nodiscard]] std::vector<Action> take_actions();

  /// Is the server ready to allocate: does it lead, on a lease that is valid by our own clock, with its state loaded and a
  /// store that answers, and goes on?
  [[nodiscard]] bool is_ready(const Now& now) const;
  /// Does it lead on a lease that is valid by our own clock, or may it still? Once false, another server may lead.
  [[nodiscard]] bool may_lead(const Now& now) const;
  /// Does it still accept requests? Once false, it stays so.
  [[nodiscard]] bool takes_requests() const { return phase_ != Phase::kEnded && !stop_at_; }
  /// Is a call of the store in progress?
  [[nodiscard]] bool is_calling() const { return call_.has_value(); }
  [[nodiscard]] const Allocator& allocator() const { return allocator_; }

 private:
  // Of a standby: a lead that was given up waits no longer.
  static constexpr std::chrono::milliseconds kWatchInterval{100};

  // So many requests refused alone: the store refuses whatever it is.
  static constexpr int kRefusedInARowMax = 3;

  enum class Phase {
    kTakingOver,  // from the start, since the store failed, or since the lead is free: requests wait undecided
    kLeading,
    kStandby,  // another server leads: requests are sent there
    kEnded,    // Exit was said
  };
  enum class Said { kNothing, kStandby, kReady };

  // A request that waits for its answer.
  struct Waiting {
    std::uint64_t arrival = 0;  // 1, 2, 3, …
    Token token = 0;
    AllocationRequest request;
    std::size_t bytes = 0;  // of its message
    SteadyTime deadline;
    FacultyId faculty_id = 0;
    Outcome outcome;              // once decided
    std::size_t entry_count = 0;  // once decided
    bool answered = false;        // its deadline passed: what becomes of it is not told
  };
  // Decided requests of one semester (or of none), in order of arrival, that become durable together.
  struct Group {
    std::optional<SemesterId> semester_id;
    Seq base = 0;  // the semester's head before the first of them
    std::vector<Waiting> requests;
    std::vector<LedgerEntry> entries;    // while gathering
    std::shared_ptr<const Batch> batch;  // while in flight: has the entries
  };

  // From undecided to decided, and on to durable (commit_pipeline_batches.cpp).
  void decide(Waiting waiting);
  [[nodiscard]] Group& group_for(std::optional<SemesterId> semester_id);
  void pump(const Now& now);
  void start_next(const Now& now);
  void start_commit(const Now& now);
  void start_guards(const Now& now);
  void on(const Ended<CommitCall>& commit, const Now& now);
  void on(const Ended<GuardCall>& guard, const Now& now);
  void on_written(CommitResult result, const Now& now);
  void on_durable(std::vector<Group> groups, const Now& now);
  // Back from decided to undecided (commit_pipeline_failures.cpp).
  void on_failure(const StoreFailure& failure, const Now& now);
  void on_rejected(const StoreFailure& failure, const Now& now);
  void decide_next_of_isolated();
  void undo_all();
  void take_over_anew(const std::string& why, const Now& now);
  [[nodiscard]] std::chrono::milliseconds retry_delay() const;
  void log_accepts_again();
  // To the store's state (commit_pipeline_take_over.cpp).
  void start_take_over(const Now& now);
  void on(const Ended<TakeOverCall>& take_over, const Now& now);
  [[nodiscard]] KnownState prepare_reading();
  [[nodiscard]] bool is_final(StorageError::Kind kind) const;
  void warn_of_lookalikes(const std::vector<StoredSemester>& open);
  [[nodiscard]] std::optional<std::string> lost_semester(const Leadership& leadership) const;
  void reread_all(const Now& now);
  void log_unavailable(const std::string& text, const Now& now);
  // Leading by a lease, and standing by (commit_pipeline_lease.cpp).
  void on(const Ended<WatchCall>& watch, const Now& now);
  void on(const Ended<RenewCall>& renewal, const Now& now);
  void on(const Ended<ResignCall>& resignation, const Now& now);
  void leads_since(SteadyTime time);
  [[nodiscard]] bool is_renewal_due(const Now& now) const;
  void start_renewal(const Now& now);
  void step_down(const Now& now);
  void stand_by(const HeldBy& leader, SteadyTime watch_at, const Now& now);
  void start_watch(const Now& now);
  void compare_start();
  [[nodiscard]] RequestError not_leader() const;
  void resign(const Now& now);
  // Answers and ends (commit_pipeline_answers.cpp).
  void answer(Waiting& waiting, Outcome outcome);
  void release(Group& group);
  void drop(const Waiting& waiting);
  void expire(const Now& now);
  void end(int code, std::string reason, const RequestError& error);
  [[nodiscard]] bool anybody_waits() const;
  void end_if_drained(const Now& now);
  void end_in_order();
  // Everywhere (commit_pipeline.cpp).
  void call_store(StoreCall call, const Now& now);
  void end_silence(const Now& now);
  void log_silent(const Now& now);
  void log(LogLevel level, std::string event, std::string message);

  // Fixed after construction.
  const PipelineOptions options_;

  std::optional<StartOptions> start_;  // until the first take-over succeeded
  bool start_fits_ = false;            // what is stored, as far as it was looked at while another server led
  Allocator allocator_;
  Epoch epoch_ = 0;
  Phase phase_ = Phase::kTakingOver;
  Said said_ = Said::kNothing;

  SteadyTime lease_until_{};            // leading: by our clock, which counts from before the lease was renewed
  SteadyTime renew_at_{};               // leading
  std::optional<SteadyTime> watch_at_;  // standing by: the next look at the store
  std::string leader_;                  // standing by: where the leader listens; empty: not known

  // The call of the store in progress.
  std::optional<std::size_t> call_;  // its index in StoreCall
  SteadyTime call_since_{};
  SteadyTime interrupt_at_{};
  std::optional<SteadyTime> silent_since_;  // the first call of a silent store began; none: it answered the last one
  std::vector<Group> in_flight_;  // one for a commit; any number for guards; none for a take-over

  std::uint64_t arrivals_ = 0;
  std::deque<Waiting> undecided_;  // in order of arrival
  std::deque<Group> gathering_;    // decided, in the order of their turns
  // The store refused a batch: arrivals up to this one are committed a few at a time, to find the one that it refuses.
  std::uint64_t isolate_until_ = 0;
  std::size_t isolate_size_ = 0;  // so many at a time
  int refused_in_a_row_ = 0;      // single requests, without a commit between them
  SteadyTime refuses_all_until_;  // so long the store counts as one that refuses everything
  // Of what the store does again and again.
  LogLimit batches_refused_{std::chrono::seconds{1}};
  LogLimit requests_refused_{std::chrono::seconds{1}};
  LogLimit unavailable_{std::chrono::seconds{10}};
  LogLimit silent_{std::chrono::minutes{1}};
  std::size_t request_count_ = 0;  // held, told UNAVAILABLE or not
  std::size_t byte_count_ = 0;     // of their messages

  bool invariant_failed_ = false;            // since the last commit
  bool reread_all_ = false;                  // the next take-over or look reads everything
  bool reads_all_ = false;                   // the one under way does
  std::optional<std::string> replay_fault_;  // of the take-over or look under way
  std::optional<SteadyTime> retry_at_;       // the next take-over, after one that failed
  int failures_in_a_row_ = 0;                // of the store, without a commit or a guard between them
  std::optional<SteadyTime> expire_at_;      // not after the first deadline
  std::optional<SteadyTime> stop_at_;        // stopping: what still waits then is told UNAVAILABLE
  RequestError end_error_;                   // what a request is told that comes too late
  std::unordered_set<FacultyId> faculties_answered_;

  std::vector<Action> actions_;
};

}  // namespace dti
