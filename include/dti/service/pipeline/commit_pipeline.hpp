#pragma once

#include <chrono>
#include <cstdint>
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
#include "dti/service/allocation/catalog_change.hpp"
#include "dti/service/allocation/command.hpp"
#include "dti/service/ledger/repository.hpp"
#include "dti/service/pipeline/call_watch.hpp"
#include "dti/service/pipeline/expiring.hpp"
#include "dti/service/pipeline/isolation.hpp"
#include "dti/service/pipeline/lead.hpp"
#include "dti/service/pipeline/ledger_clock.hpp"
#include "dti/service/pipeline/request_queue.hpp"
#include "dti/service/pipeline/settling.hpp"
#include "dti/service/pipeline/store_call.hpp"
#include "dti/service/pipeline/store_reading.hpp"
#include "dti/service/pipeline/take_over.hpp"

namespace dti {

struct PipelineOptions {
  std::chrono::milliseconds store_timeout{10'000};  // how long a request waits for the store
  std::chrono::milliseconds stop_timeout{1'500};    // how long a stop waits for the store
  std::size_t requests_max = 16'384;                // requests that wait for a reply
  std::size_t bytes_max = 64 * 1024 * 1024;         // of their messages, envelopes included
  std::size_t batch_entries_max = 20'000;           // a batch closes with the message that reaches it
  std::size_t faculties_to_answer = 0;              // stop after replying to this many distinct ones; 0: keep running
  Lease lease{};                                    // on which this server leads, once it does
};

/// The reply to a request; exactly one for each token.
struct SendReply {
  Token token = 0;
  AllocationRequest request;
  Outcome outcome;
  SteadyTime arrived{};  // when the request came
};
/// The reply to an OpenSemester; exactly one for each token.
struct SendOpenSemesterReply {
  Token token = 0;
  OpenSemester command;
  OpenSemesterOutcome outcome;
};
/// The reply to an OfficeCommand; exactly one for each token.
struct SendOfficeReply {
  Token token = 0;
  OfficeCommand command;
  OfficeOutcome outcome;
};
/// The store has the change of a command, also if the command has had its reply before: UNAVAILABLE at its deadline.
struct NoteOfficeChange {
  OfficeCommand command;            // without the programs that it added
  Seq seq = 0;                      // of the last entry of the command
  std::int64_t programs_added = 0;  // 0: none, or an earlier copy of the command added them
};
/// The call in progress takes too long: Repository::interrupt().
struct InterruptStore {};
/// The server leads, and its state is loaded: for the first time, or again after it was a standby.
struct AnnounceReady {};
/// The server is a standby, because another server leads: for the first time, or again after it led.
struct AnnounceStandby {};
/// The host must start a StoreCall and pass its end to on_store(). At most one call is in progress.
using Action = std::variant<SendReply, SendOpenSemesterReply, SendOfficeReply, NoteOfficeChange, StoreCall,
                            InterruptStore, AnnounceReady, AnnounceStandby, LogEvent, Exit>;

/// Group commit as a state machine: it gets events and gives actions. It has no thread, clock, socket or blocking call.
/// Requests are decided on arrival, in order. Decided requests wait while one batch is being committed; their replies
/// are sent after their own commit. After a failure, the pipeline undoes the entries that may not be stored, takes
/// over, and decides the waiting requests again.
/// Commands that are not part of a batch are barriers: they wait for all earlier requests, and all later requests wait
/// for them.
/// While another server leads, this server is a standby: it follows the ledger, refers clients to the leader, and takes
/// over when the lead is free.
/// Thread: one. Source: docs/adr/0003-reply-after-commit.md, docs/adr/0004-take-over.md, docs/adr/0015-leases.md,
/// docs/adr/0017-commands-and-barriers.md
class CommitPipeline {
 public:
  /// Commands that may wait as barriers. The requests behind them wait for each, so more get OVERLOADED.
  static constexpr std::size_t kBarriersMax = 64;

  CommitPipeline(PipelineOptions options, StartOptions start);

  /// The first event. It begins the first take-over, which finds out whether another server leads.
  void on_start(const Now& now);
  /// A well-formed command arrived. It is decided and waits for on_turn_end(); after on_stop() or Exit it is rejected
  /// at once.
  /// @param bytes  of its message
  void on_command(Token token, Command command, std::size_t bytes, const Now& now);
  /// The same for a request, because most commands are requests.
  void on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now);
  /// There are no more requests for now: the decisions since the last turn may be committed together.
  void on_turn_end(const Now& now) { pump(now); }
  /// Takes a piece that the take-over or the watch in progress has read.
  void on_piece(const TakeOverPiece& piece, const Now& now);
  /// The call in progress has ended.
  void on_store(StoreResult result, const Now& now);
  /// Time has passed. Call it at wake_at() at the latest.
  void on_tick(const Now& now);
  /// Stops in order: answers the requests that wait, gives up the lead, then emits Exit.
  void on_stop(const Now& now);
  /// From now on, the server asks the store for leases of this duration. A leader renews its lease as soon as it can.
  void change_lease(std::chrono::milliseconds duration, const Now& now);

  /// The time at which on_tick() must be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call, in the order in which they must be performed.
  [[nodiscard]] std::vector<Action> take_actions();

  /// Tells whether the server is ready to allocate: it leads with a lease that is valid by its own clock, its state is
  /// loaded, its store responds, and it is not stopping.
  [[nodiscard]] bool is_ready(const Now& now) const;
  /// Tells whether this server leads, or may still become the leader, with a lease that is valid by its own clock. If
  /// false, another server may lead.
  [[nodiscard]] bool may_lead(const Now& now) const;
  /// Tells whether the server still accepts requests. After false, it never becomes true.
  [[nodiscard]] bool takes_requests() const { return !has_ended_ && !stop_at_; }
  /// Tells whether a call of the store is in progress.
  [[nodiscard]] bool is_calling() const { return call_.is_calling(); }
  /// For monitoring. How many programs that waited this server has given more.
  [[nodiscard]] std::uint64_t top_ups() const { return settling_.made(); }
  /// For monitoring. How many holds this server has let expire, and how many are due and put aside.
  [[nodiscard]] std::uint64_t holds_expired() const { return expiring_holds_.made(); }
  [[nodiscard]] std::size_t holds_aside() const { return expiring_holds_.aside(); }
  /// For monitoring. Tells whether the store answers: its last call did not fail, none is slow, and it does not refuse
  /// everything. Whether it refuses a single batch does not count.
  [[nodiscard]] bool store_answers(const Now& now) const;
  /// How many ledger entries the state of this standby lacks of those that its last watch has seen.
  [[nodiscard]] std::uint64_t entries_behind() const { return reading_.entries_behind(allocator_); }
  /// Tells whether no call of the store has had an answer for longer than the store timeout. An error that comes sooner
  /// is an answer.
  [[nodiscard]] bool store_is_silent() const { return call_.is_silent(); }
  [[nodiscard]] const Lead& leadership() const { return lead_; }
  [[nodiscard]] const RequestQueue& queue() const { return queue_; }
  [[nodiscard]] const Allocator& allocator() const { return allocator_; }

 private:
  enum class Said { kNothing, kStandby, kReady };

  /// The store commits batches, as far as is known: it is not slow, and does not refuse everything.
  [[nodiscard]] bool accepts_batches(const Now& now) const;
  // At the door (commit_pipeline.cpp).
  void accept(Token token, AllocationRequest&& request, std::size_t bytes, const Now& now);
  void accept(Token token, OpenSemester&& command, std::size_t bytes, const Now& now);
  void accept(Token token, OfficeCommand&& command, std::size_t bytes, const Now& now);
  template <class BarrierCommand>
  void accept_barrier(Token token, BarrierCommand&& command, std::size_t bytes, const Now& now);
  template <class Waiting>
  [[nodiscard]] bool hold(Waiting& waiting);
  // From undecided to decided, and on to durable (commit_pipeline_batches.cpp).
  void decide(WaitingRequest waiting, const Now& now);
  [[nodiscard]] bool decide_first(const Now& now);
  [[nodiscard]] Outcome overtaking() const;
  void decide_waiting(const Now& now);
  [[nodiscard]] RequestGroup& group_for(std::optional<SemesterId> semester_id, const Now& now);
  void pump(const Now& now);
  void start_next(const Now& now);
  void start_commit(const Now& now);
  void start_guards(const Now& now);
  void on(const Ended<CommitCall>& commit, const Now& now);
  void on(const Ended<GuardCall>& guard, const Now& now);
  void on_accepted();
  void on_written(CommitResult result, const Now& now);
  void on_durable(std::vector<RequestGroup> groups, const Now& now);
  // Barriers (commit_pipeline_commands.cpp).
  void pass_barrier(const Now& now);
  [[nodiscard]] std::optional<std::string> waits_in(ProgramId program) const;
  void start(const OpenSemester& command, const Now& now);
  void start(const OfficeCommand& command, const Now& now);
  void start_look_up(const StoredSemester* semester, std::vector<EntriesToRead> entries, const Now& now);
  template <class BarrierOutcome>
  void end_barrier(BarrierOutcome outcome, const Now& now);
  void end_barrier_with(const RequestError& error, const Now& now);
  void on_opened(SemesterId id, const Now& now);
  void on_barrier_failure(const StoreFailure& failure, const Now& now);
  void on(const Ended<OpenSemesterCall>& opening, const Now& now);
  void on(const Ended<LookUpCall>& look_up, const Now& now);
  void judge(const OfficeCommand& command, const LookUpCall::Answer& found, const Now& now);
  void on(const Ended<ChangeCall>& changing, const Now& now);
  void on_changed(const Now& now);
  [[nodiscard]] bool passes(CommitResult guard, const Now& now);
  template <class Call>
  [[nodiscard]] bool is_stored(const Ended<Call>& writing, const Now& now);
  void on(const Ended<CatalogLookUpCall>& look_up, const Now& now);
  void on(const Ended<ChangeCatalogCall>& changing, const Now& now);
  void note_change(Seq seq, std::int64_t programs_added = 0);
  [[nodiscard]] bool follow(const Change& change, const Now& now);
  // Wait lists (commit_pipeline_settle.cpp).
  [[nodiscard]] std::optional<SemesterId> semester_to_settle() const;
  void settle(SemesterId semester, const Now& now);
  void on_settled(const Ended<ChangeCall>& changing, const Now& now);
  [[nodiscard]] const std::string& semester_name(SemesterId id) const;
  [[nodiscard]] std::string program_text(ProgramId program) const;
  void log_top_ups(const Change& change);
  void on_top_up_rejected(const Change& change, const StoreFailure& failure, const Now& now);
  void on_top_up_contradicted(const Change& change, const StoreFailure& failure, const Now& now);
  [[nodiscard]] bool must_not_overtake(const std::optional<SemesterId>& semester) const;
  // Holds (commit_pipeline_holds.cpp).
  [[nodiscard]] bool is_changing() const;
  [[nodiscard]] std::optional<DueHolds> due_holds(const Now& now) const;
  [[nodiscard]] std::optional<SteadyTime> next_expiry() const;
  [[nodiscard]] bool decide_held(const Now& now);
  void on_held(const Ended<ChangeCall>& changing, const Now& now);
  void expire(DueHolds due, const Now& now);
  void on_expiring(const Ended<LookUpCall>& look_up, const Now& now);
  void on_expired(const Ended<ChangeCall>& changing, const Now& now);
  void on_expiry_rejected(const DueHolds& due, const StoreFailure& failure, const Now& now);
  // Back from decided to undecided (commit_pipeline_batches.cpp).
  void on_failure(const StoreFailure& failure, const Now& now);
  void on_rejected(const StoreFailure& failure, const Now& now);
  void undo_all();
  void take_over_again(const std::string& why, const Now& now);
  void take_over_again(const Now& now);
  // To the store's state (commit_pipeline_take_over.cpp).
  void start_take_over(const Now& now);
  void on(const Ended<TakeOverCall>& take_over, const Now& now);
  void lead(const Leadership& leadership, const std::vector<StoredSemester>& open, const Now& now);
  void on_contradiction(const std::string& fault, const RequestError& error);
  [[nodiscard]] bool is_final(StorageError::Kind kind) const;
  void warn_of(const std::vector<StoredSemester>& open);
  void warn_of_clocks(const Leadership& leadership, const Now& now);
  void warn_if_closed(const std::string& started_with);
  [[nodiscard]] std::optional<std::string> lost_semester(const Leadership& leadership) const;
  void log_unavailable(const std::string& text, const Now& now);
  // Leading by a lease, and standing by (commit_pipeline_lease.cpp).
  void on(const Ended<WatchCall>& watch, const Now& now);
  void on(const Ended<RenewCall>& renewal, const Now& now);
  void on(const Ended<ResignCall>& resignation, const Now& now);
  void renew(const Now& now);
  void renew_soon_if_changed(const Now& now);
  void resign(const Now& now);
  void step_down(const Now& now);
  void stand_by(const HeldBy& leader, SteadyTime watch_at, const Now& now);
  void start_watch(const Now& now);
  void compare_start();
  // Answers and ends (commit_pipeline_answers.cpp).
  void answer(WaitingRequest& waiting, Outcome outcome);
  void answer(WaitingBarrier& waiting, OpenSemesterOutcome outcome);
  void answer(WaitingBarrier& waiting, OfficeOutcome outcome);
  void refuse(WaitingRequest& waiting, RequestError error);
  void refuse(WaitingBarrier& waiting, RequestError error);
  void answer_all(RequestGroup& group);
  void expire(const Now& now);
  void end(int code, std::string reason, const RequestError& error);
  void end_if_drained(const Now& now);
  void end_in_order();
  // Everywhere (commit_pipeline.cpp).
  void call_store(StoreCall call, const Now& now);
  void log(LogLevel level, std::string event, std::string message);
  void log(std::optional<LogEvent> event);

  PipelineOptions options_;            // fixed after construction, except the duration of the lease
  std::optional<StartOptions> start_;  // until the first take-over succeeded
  bool start_fits_ = false;            // the store, as far as this server read it while it stood by
  Allocator allocator_;
  // Open and closed: of the last take-over, and those opened since (only id, name and capacity). Commands depend on them.
  std::vector<StoredSemester> semesters_;
  // Of the first barrier, while its change is in progress.
  std::optional<OfficePlan> plan_;
  std::optional<CatalogAddition> addition_;
  std::optional<Change> top_ups_;  // while they are on their way to the store
  Settling settling_;
  std::optional<Change> held_;  // of the request in flight that concerns holds, while it is on its way to the store
  std::optional<DueHolds> expiring_;  // while their grants are read
  std::optional<Change> expired_;     // while it is on its way to the store
  bool just_expired_ = false;         // holds: what waits comes before the next ones
  Expiring expiring_holds_;
  LedgerClock clock_;  // since this server leads
  RequestQueue queue_;
  Lead lead_;
  StoreReading reading_;
  CallWatch call_;
  Isolation isolation_;
  bool invariant_failed_ = false;  // since the last commit
  LogLimit unavailable_{std::chrono::seconds{10}};
  LogLimit rejected_commands_{std::chrono::seconds{10}};
  LogLimit rejected_top_ups_{std::chrono::seconds{10}};
  LogLimit rejected_expiries_{std::chrono::seconds{10}};

  Said said_ = Said::kNothing;
  bool has_ended_ = false;               // Exit was said
  std::optional<SteadyTime> expire_at_;  // not after the first deadline
  std::optional<SteadyTime> stop_at_;    // stopping: requests that still wait then get UNAVAILABLE
  RequestError end_error_;               // for a request that arrives too late
  std::unordered_set<FacultyId> faculties_answered_;

  std::vector<Action> actions_;
};

}  // namespace dti
