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
#include "dti/service/allocation/call_watch.hpp"
#include "dti/service/allocation/command.hpp"
#include "dti/service/allocation/isolation.hpp"
#include "dti/service/allocation/lead.hpp"
#include "dti/service/allocation/request_queue.hpp"
#include "dti/service/allocation/store_call.hpp"
#include "dti/service/allocation/store_reading.hpp"
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
/// The answer to an OpenSemester; exactly one leaves for each token.
struct SendOpenSemesterReply {
  Token token = 0;
  OpenSemester command;
  OpenSemesterOutcome outcome;
};
/// The call in progress takes too long: Repository::interrupt().
struct InterruptStore {};
/// The server leads, with its state loaded: for the first time, or again after it stood by.
struct AnnounceReady {};
/// Another server leads, and this one waits for its turn: for the first time, or again after it led.
struct AnnounceStandby {};
/// A StoreCall is to be started; its end is given to on_store(). At most one is in progress.
using Action = std::variant<SendReply, SendOpenSemesterReply, StoreCall, InterruptStore, AnnounceReady, AnnounceStandby,
                            LogEvent, Exit>;

/// Group commit as a state machine: events in, actions out; no thread, clock, socket or blocking call.
/// Requests are decided on arrival, in order; what was decided gathers while one batch is being committed, and its answers
/// leave when it is. A failure undoes what is not known to be stored, takes over, and decides again what waits.
/// Commands that are no part of a batch are barriers: they wait for all that arrived before, and all that arrived after
/// waits for them.
/// While another server leads, this one stands by: it reads on, sends clients there, and takes over when the lead is free.
/// Thread: one. Source: docs/adr/0003-reply-after-commit.md, docs/adr/0004-take-over.md, docs/adr/0015-leases.md,
/// docs/adr/0017-commands-and-barriers.md
class CommitPipeline {
 public:
  CommitPipeline(PipelineOptions options, StartOptions start);

  /// First event: begins the first take-over, which finds whether another server leads.
  void on_start(const Now& now);
  /// A well-formed command whose message had so many bytes. It is decided, and waits for on_turn_end(); after on_stop()
  /// or Exit it is refused at once.
  void on_command(Token token, Command command, std::size_t bytes, const Now& now);
  /// The same for a request: most commands are requests.
  void on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now);
  /// There are no more requests for now: the decisions since the last turn may be committed together.
  void on_turn_end(const Now& now) { pump(now); }
  /// Takes a piece that the take-over or the watch in progress has read.
  void on_piece(const TakeOverPiece& piece, const Now& now);
  /// The call in progress has ended.
  void on_store(StoreResult result, const Now& now);
  /// Time has passed; to be called at wake_at() at the latest.
  void on_tick(const Now& now);
  /// Stops in order: answers the requests that wait, gives up the lead, then emits Exit.
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
  [[nodiscard]] bool takes_requests() const { return !has_ended_ && !stop_at_; }
  /// Is a call of the store in progress?
  [[nodiscard]] bool is_calling() const { return call_.is_calling(); }
  [[nodiscard]] const Allocator& allocator() const { return allocator_; }

 private:
  enum class Said { kNothing, kStandby, kReady };

  // At the door (commit_pipeline.cpp).
  void accept(Token token, AllocationRequest&& request, std::size_t bytes, const Now& now);
  void accept(Token token, OpenSemester&& command, std::size_t bytes, const Now& now);
  template <class Waiting>
  [[nodiscard]] bool hold(Waiting& waiting);
  // From undecided to decided, and on to durable (commit_pipeline_batches.cpp).
  void decide(WaitingRequest waiting);
  void decide_first();
  void decide_waiting(const Now& now);
  [[nodiscard]] RequestGroup& group_for(std::optional<SemesterId> semester_id);
  void pump(const Now& now);
  void start_next(const Now& now);
  void start_commit(const Now& now);
  void start_guards(const Now& now);
  void on(const Ended<CommitCall>& commit, const Now& now);
  void on(const Ended<GuardCall>& guard, const Now& now);
  void on_written(CommitResult result, const Now& now);
  void on_durable(std::vector<RequestGroup> groups, const Now& now);
  // Barriers (commit_pipeline_commands.cpp).
  [[nodiscard]] bool pass_barrier(const Now& now);
  void end_barrier(OpenSemesterOutcome outcome, const Now& now);
  void on_opened(SemesterId id, const Now& now);
  void on(const Ended<OpenSemesterCall>& opening, const Now& now);
  // Back from decided to undecided (commit_pipeline_failures.cpp).
  void on_failure(const StoreFailure& failure, const Now& now);
  void on_rejected(const StoreFailure& failure, const Now& now);
  void undo_all();
  void take_over_again(const std::string& why, const Now& now);
  // To the store's state (commit_pipeline_take_over.cpp).
  void start_take_over(const Now& now);
  void on(const Ended<TakeOverCall>& take_over, const Now& now);
  void lead(const Leadership& leadership, const std::vector<StoredSemester>& open, const Now& now);
  void on_contradiction(const std::string& fault, const RequestError& error);
  [[nodiscard]] bool is_final(StorageError::Kind kind) const;
  void warn_of_lookalikes(const std::vector<StoredSemester>& open);
  [[nodiscard]] std::optional<std::string> lost_semester(const Leadership& leadership) const;
  void log_unavailable(const std::string& text, const Now& now);
  // Leading by a lease, and standing by (commit_pipeline_lease.cpp).
  void on(const Ended<WatchCall>& watch, const Now& now);
  void on(const Ended<RenewCall>& renewal, const Now& now);
  void on(const Ended<ResignCall>& resignation, const Now& now);
  void renew(const Now& now);
  void resign(const Now& now);
  void step_down(const Now& now);
  void stand_by(const HeldBy& leader, SteadyTime watch_at, const Now& now);
  void start_watch(const Now& now);
  void compare_start();
  // Answers and ends (commit_pipeline_answers.cpp).
  void answer(WaitingRequest& waiting, Outcome outcome);
  void answer(WaitingBarrier& waiting, OpenSemesterOutcome outcome);
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

  // Fixed after construction.
  const PipelineOptions options_;

  std::optional<StartOptions> start_;  // until the first take-over succeeded
  bool start_fits_ = false;            // the store, as far as this server read it while it stood by
  Allocator allocator_;
  std::vector<StoredSemester> semesters_;  // open and closed: of the last take-over, and those opened since
  RequestQueue queue_;
  Lead lead_;
  StoreReading reading_;
  CallWatch call_;
  Isolation isolation_;
  bool invariant_failed_ = false;  // since the last commit
  LogLimit unavailable_{std::chrono::seconds{10}};

  Said said_ = Said::kNothing;
  bool has_ended_ = false;               // Exit was said
  std::optional<SteadyTime> expire_at_;  // not after the first deadline
  std::optional<SteadyTime> stop_at_;    // stopping: requests that still wait then get UNAVAILABLE
  RequestError end_error_;               // for a request that arrives too late
  std::unordered_set<FacultyId> faculties_answered_;

  std::vector<Action> actions_;
};

}  // namespace dti
