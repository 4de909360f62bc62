#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "dti/base/actions.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/service/allocation/command.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// A request that waits for its reply.
struct WaitingRequest {
  std::uint64_t arrival = 0;  // 1, 2, 3, …
  Token token = 0;
  AllocationRequest request;
  std::size_t bytes = 0;  // of its message
  SteadyTime deadline;
  FacultyId faculty_id = 0;
  Outcome outcome;              // once decided
  std::size_t entry_count = 0;  // once decided
  bool answered = false;        // its deadline passed: its outcome is not sent
};

/// A barrier that waits for its reply.
struct WaitingBarrier {
  std::uint64_t arrival = 0;  // counted with the requests
  Token token = 0;
  std::variant<OpenSemester, OfficeCommand> command;
  std::size_t bytes = 0;  // of its message
  SteadyTime deadline;
  bool in_progress = false;  // one of its calls of the store is
  bool is_written = false;   // its change may be in the store: it stays until it is judged, and the change is logged
  std::int64_t programs_added = 0;  // to the catalogue, by its change
  bool answered = false;            // its deadline passed during the call: the outcome is not sent

  /// Tells whether nothing more is to be done for it.
  [[nodiscard]] bool is_over() const { return answered && !in_progress && !is_written; }
};

/// Decided requests of one semester (or of none), in the order of arrival, that become durable together.
struct RequestGroup {
  std::optional<SemesterId> semester_id;
  Seq base = 0;   // the semester's head before the first of them
  WallTime at{};  // of the ledger, when the first of them was decided
  std::vector<WaitingRequest> requests;
  std::vector<LedgerEntry> entries;    // while gathering
  std::shared_ptr<const Batch> batch;  // while in flight: has the entries

  [[nodiscard]] const std::vector<LedgerEntry>& decided() const { return batch ? batch->entries : entries; }
};

/// The requests that a server holds, within bounds: undecided, decided and gathering, or in flight to the store; and
/// the barriers between them.
/// Thread: one.
class RequestQueue {
 public:
  struct Limits {
    std::size_t requests_max = 0;
    std::size_t bytes_max = 0;  // of their messages, envelopes included
  };

  explicit RequestQueue(Limits limits) : limits_(limits) {}

  /// Gives a request or a barrier its arrival number and a place in the bounds.
  /// @param bytes  of its message
  /// @return true if there is room; otherwise it is not accepted
  [[nodiscard]] bool admit(std::uint64_t& arrival, std::size_t bytes);
  /// A request or a barrier has left the queue.
  /// @param bytes  of its message
  void leave(std::size_t bytes);
  /// The first barrier has left the queue.
  void leave_first_barrier();

  /// How many requests and barriers are held, and the bytes of their messages.
  [[nodiscard]] std::size_t count() const { return request_count_; }
  [[nodiscard]] std::size_t bytes() const { return byte_count_; }
  /// Tells whether no request and no barrier waits.
  [[nodiscard]] bool is_empty() const { return in_flight.empty() && gathering.empty() && !has_undecided(); }
  /// Tells whether a request or a barrier waits for its decision.
  [[nodiscard]] bool has_undecided() const { return !undecided.empty() || !barriers.empty(); }
  /// Tells whether a request is decided next. Otherwise the next one is a barrier, or there is none.
  [[nodiscard]] bool is_request_next() const {
    return !undecided.empty() && (barriers.empty() || undecided.front().arrival < barriers.front().arrival);
  }
  /// Calls the function with each request, the oldest ones first.
  void for_each(const std::function<void(WaitingRequest&)>& call);
  /// Makes every decided request undecided again, in order of arrival, and a barrier in progress wait again. Those
  /// whose deadline has passed leave, except a barrier whose change may be in the store.
  /// @param undo  called for each entry that was decided, the newest ones first
  void take_back(const std::function<void(SemesterId, const LedgerEntry&)>& undo);
  /// Removes the undecided requests for which the function returns true; they leave.
  std::size_t remove_undecided(const std::function<bool(WaitingRequest&)>& is_over);
  /// Removes the barriers for which the function returns true; they leave.
  void remove_barriers(const std::function<bool(WaitingBarrier&)>& is_over);
  /// Removes all requests and barriers.
  void clear();

  std::deque<WaitingRequest> undecided;  // in order of arrival
  std::deque<WaitingBarrier> barriers;   // in order of arrival; the first one may be in progress
  std::deque<RequestGroup> gathering;    // decided, in the order of their turns
  std::vector<RequestGroup> in_flight;   // one for a commit, several for a guard

 private:
  const Limits limits_;
  std::uint64_t arrivals_ = 0;
  std::size_t request_count_ = 0;  // requests and barriers that are held, answered or not
  std::size_t byte_count_ = 0;     // of their messages
};

}  // namespace dti
