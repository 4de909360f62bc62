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

#include "dti/domain/messages.hpp"
#include "dti/service/allocator.hpp"
#include "dti/service/log.hpp"
#include "dti/service/repository.hpp"
#include "dti/service/take_over.hpp"

namespace dti {

using SteadyTime = std::chrono::steady_clock::time_point;

/// The time of an event: deadlines rest on the steady clock, stored times on the wall clock.
struct Now {
  SteadyTime steady;
  WallTime wall;
};

/// Names a request between the pipeline and whoever carries the replies. Never used twice.
using Token = std::uint64_t;

struct PipelineOptions {
  std::chrono::milliseconds store_timeout{10'000};  // how long a request waits for the store
  std::chrono::milliseconds stop_timeout{1'500};    // how long a stop waits for the store
  std::size_t requests_max = 16'384;                // waiting for an answer
  std::size_t bytes_max = 64 * 1024 * 1024;         // of their messages, envelopes included
  std::size_t batch_entries_max = 20'000;           // a batch closes with the message that reaches it
  std::size_t faculties_to_answer = 0;              // stop after so many distinct ones were answered; 0: run on
};

/// The answer to a request; exactly one leaves for each token.
struct SendReply {
  Token token = 0;
  AllocationRequest request;
  Outcome outcome;
};
/// Calls of the Repository; one is under way at most, and each is followed by its event.
struct StartCommit {
  std::shared_ptr<const Batch> batch;
};
struct StartGuard {
  Epoch epoch = 0;
  std::vector<SemesterGuard> semesters;
};
struct StartTakeOver {
  TakeOverRequest request;
};
/// The call under way has taken too long: Repository::interrupt().
struct InterruptStore {};
/// The server leads for the first time, with its state loaded.
struct AnnounceReady {};
/// Nothing is left to do: end with this exit code once the replies have left. `reason` is for people; empty after a clean stop.
struct Exit {
  int code = 0;
  std::string reason;
};
using Action =
    std::variant<SendReply, StartCommit, StartGuard, StartTakeOver, InterruptStore, AnnounceReady, LogEvent, Exit>;

/// How a call of the Repository failed.
struct StoreFailure {
  StorageError::Kind kind = StorageError::Kind::kUnavailable;
  std::string text;
};
using CommitEvent = std::variant<CommitResult, StoreFailure>;
/// Another server has taken the lead since this one had it.
struct Replaced {};
using TakeOverEvent = std::variant<Leadership, Replaced, StoreFailure>;

/// Group commit as a state machine: events in, actions out; no thread, clock, socket or blocking call.
/// Requests are decided on arrival, in order; what was decided gathers while one batch is being committed, and its answers
/// leave when it is. A failure undoes what is not known to be stored, takes over, and decides again what waits.
/// Thread: one. Source: docs/adr/0003-reply-after-commit.md, docs/adr/0004-take-over.md
class CommitPipeline {
 public:
  CommitPipeline(PipelineOptions options, StartOptions start);

  /// First event: begins the first take-over.
  void on_start(const Now& now);
  /// A well-formed request whose message had so many bytes. It is decided, and waits for on_turn_end(); after on_stop()
  /// or Exit it is refused at once.
  void on_request(Token token, AllocationRequest request, std::size_t bytes, const Now& now);
  /// No more requests are at hand: what was decided since the last turn may be committed now, together.
  void on_turn_end(const Now& now) { pump(now); }
  /// A piece that the take-over under way has read.
  void on_take_over_piece(TakeOverPiece piece, const Now& now);
  void on_take_over(TakeOverEvent event, const Now& now);
  void on_commit(CommitEvent event, const Now& now);
  void on_guard(CommitEvent event, const Now& now);
  /// Time has passed; to be called at wake_at() at the latest.
  void on_tick(const Now& now);
  /// Asked to stop: what waits is answered, then comes Exit.
  void on_stop(const Now& now);

  /// When on_tick() wants to be called; none: not before another event.
  [[nodiscard]] std::optional<SteadyTime> wake_at() const;
  /// The actions since the last call, in the order in which they are to be done.
  [[nodiscard]] std::vector<Action> take_actions();

  /// Is the server ready to allocate: does it lead, with its state loaded and a store that answers, and goes on?
  [[nodiscard]] bool is_ready(const Now& now) const;
  /// Does it still accept requests? Once false, it stays so.
  [[nodiscard]] bool takes_requests() const { return phase_ != Phase::kEnded && !stop_at_; }
  /// Is a call of the Repository under way?
  [[nodiscard]] bool is_calling() const { return call_ != Call::kNone; }
  [[nodiscard]] const Allocator& allocator() const { return allocator_; }

 private:
  enum class Phase {
    kTakingOver,  // from the start, or since the store failed: requests wait undecided
    kLeading,
    kEnded,  // Exit was said
  };
  enum class Call { kNone, kCommit, kGuard, kTakeOver };

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

  // From undecided to decided.
  void decide(Waiting waiting);
  [[nodiscard]] Group& group_for(std::optional<SemesterId> semester_id);
  // From decided to durable.
  void pump(const Now& now);
  void start_next(const Now& now);
  void start_commit(const Now& now);
  void start_guards(const Now& now);
  void on_result(CommitEvent event, const Now& now);
  void on_durable(std::vector<Group> groups, const Now& now);
  void on_failure(const StoreFailure& failure, const Now& now);
  void on_rejected(const StoreFailure& failure, const Now& now);
  void decide_next_of_isolated();
  // Back from decided to undecided, and to the store's state.
  void undo_all();
  void take_over_anew(const std::string& why, const Now& now);
  void reread_all(const Now& now);
  [[nodiscard]] std::optional<std::string> lost_semester(const Leadership& leadership) const;
  void start_take_over(const Now& now);
  // Answers and ends.
  void answer(Waiting& waiting, Outcome outcome);
  void release(Group& group);
  void drop(const Waiting& waiting);
  void expire(const Now& now);
  void end(int code, std::string reason, const RequestError& error);
  void end_if_drained();
  void started(Call call, const Now& now);
  void log(LogLevel level, std::string event, std::string message);

  // Fixed after construction.
  const PipelineOptions options_;

  std::optional<StartOptions> start_;  // until the first take-over succeeded
  Allocator allocator_;
  Epoch epoch_ = 0;
  Phase phase_ = Phase::kTakingOver;

  // The call of the Repository under way.
  Call call_ = Call::kNone;
  SteadyTime call_since_{};
  SteadyTime interrupt_at_{};
  std::vector<Group> in_flight_;  // one for a commit; any number for guards; none for a take-over

  std::uint64_t arrivals_ = 0;
  std::deque<Waiting> undecided_;  // in order of arrival
  std::deque<Group> gathering_;    // decided, in the order of their turns
  // The store refused a batch: arrivals up to this one are committed a few at a time, to find the one that it refuses.
  std::uint64_t isolate_until_ = 0;
  std::size_t isolate_size_ = 0;   // so many at a time
  int refused_in_a_row_ = 0;       // single requests, without a commit between them
  std::size_t request_count_ = 0;  // held, told UNAVAILABLE or not
  std::size_t byte_count_ = 0;     // of their messages

  bool invariant_failed_ = false;            // since the last commit
  bool reread_all_ = false;                  // the next take-over reads everything
  std::optional<std::string> replay_fault_;  // of the take-over under way
  std::optional<SteadyTime> retry_at_;       // the next take-over, after one that failed
  int failures_in_a_row_ = 0;                // of the store, without a commit or a guard between them
  std::optional<SteadyTime> expire_at_;      // not after the first deadline
  std::optional<SteadyTime> stop_at_;        // stopping: what still waits then is told UNAVAILABLE
  RequestError end_error_;                   // what a request is told that comes too late
  std::unordered_set<FacultyId> faculties_answered_;

  std::vector<Action> actions_;
};

}  // namespace dti
