#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dti/base/actions.hpp"
#include "dti/base/time.hpp"
#include "dti/domain/messages.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// A request that waits for its answer.
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

/// Decided requests of one semester (or of none), in order of arrival, that become durable together.
struct RequestGroup {
  std::optional<SemesterId> semester_id;
  Seq base = 0;  // the semester's head before the first of them
  std::vector<WaitingRequest> requests;
  std::vector<LedgerEntry> entries;    // while gathering
  std::shared_ptr<const Batch> batch;  // while in flight: has the entries

  [[nodiscard]] const std::vector<LedgerEntry>& decided() const { return batch ? batch->entries : entries; }
};

/// The requests that a server holds, within bounds: undecided, decided and gathering, or in flight to the store.
/// Thread: one.
class RequestQueue {
 public:
  struct Limits {
    std::size_t requests_max = 0;
    std::size_t bytes_max = 0;  // of their messages, envelopes included
  };

  explicit RequestQueue(Limits limits) : limits_(limits) {}

  /// Gives a request its arrival number and a place in the bounds. @return is there room? Otherwise it is not held
  [[nodiscard]] bool admit(WaitingRequest& request);
  /// The request is no longer held.
  void leave(const WaitingRequest& request);

  /// Does any request wait?
  [[nodiscard]] bool is_empty() const { return in_flight.empty() && gathering.empty() && undecided.empty(); }
  /// Calls the function with each request, the oldest ones first.
  void for_each(const std::function<void(WaitingRequest&)>& call);
  /// Makes every decided request undecided again, in order of arrival. Those whose deadline has passed leave.
  /// @param undo  called for each entry that was decided, the newest ones first
  void take_back(const std::function<void(SemesterId, const LedgerEntry&)>& undo);
  /// Removes the undecided requests for which the function returns true; they leave.
  std::size_t remove_undecided(const std::function<bool(WaitingRequest&)>& is_over);
  /// Removes all requests.
  void clear();

  std::deque<WaitingRequest> undecided;  // in order of arrival
  std::deque<RequestGroup> gathering;    // decided, in the order of their turns
  std::vector<RequestGroup> in_flight;   // one for a commit, several for a guard

 private:
  const Limits limits_;
  std::uint64_t arrivals_ = 0;
  std::size_t request_count_ = 0;  // held, answered or not
  std::size_t byte_count_ = 0;     // of their messages
};

}  // namespace dti
