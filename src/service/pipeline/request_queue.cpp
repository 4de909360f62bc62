#include "dti/service/pipeline/request_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {

bool RequestQueue::admit(std::uint64_t& arrival, std::size_t bytes) {
  arrival = ++arrivals_;
  if (request_count_ >= limits_.requests_max || byte_count_ + bytes > limits_.bytes_max) return false;
  ++request_count_;
  byte_count_ += bytes;
  return true;
}

void RequestQueue::leave(std::size_t bytes) {
  DTI_CHECK(request_count_ > 0 && byte_count_ >= bytes);
  --request_count_;
  byte_count_ -= bytes;
}

void RequestQueue::leave_first_barrier() {
  leave(barriers.front().bytes);
  barriers.pop_front();
}

void RequestQueue::for_each(const std::function<void(WaitingRequest&)>& call) {
  for (auto& group : in_flight) std::for_each(group.requests.begin(), group.requests.end(), call);
  for (auto& group : gathering) std::for_each(group.requests.begin(), group.requests.end(), call);
  std::for_each(undecided.begin(), undecided.end(), call);
}

void RequestQueue::take_back(const std::function<void(SemesterId, const LedgerEntry&)>& undo) {
  std::vector<WaitingRequest> all;
  const auto take = [&](RequestGroup& group) {
    const auto& entries = group.decided();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) undo(*group.semester_id, *entry);
    std::move(group.requests.begin(), group.requests.end(), std::back_inserter(all));
  };
  std::for_each(gathering.rbegin(), gathering.rend(), take);
  std::for_each(in_flight.rbegin(), in_flight.rend(), take);
  gathering.clear();
  in_flight.clear();
  std::move(undecided.begin(), undecided.end(), std::back_inserter(all));
  undecided.clear();
  std::sort(all.begin(), all.end(),
            [](const WaitingRequest& a, const WaitingRequest& b) { return a.arrival < b.arrival; });
  for (auto& request : all) {
    if (request.answered) {
      leave(request.bytes);
      continue;
    }
    request.outcome = {};
    request.entry_count = 0;
    undecided.push_back(std::move(request));
  }
  for (auto& barrier : barriers) barrier.in_progress = false;
  remove_barriers([](const WaitingBarrier& barrier) { return barrier.is_over(); });
}

std::size_t RequestQueue::remove_undecided(const std::function<bool(WaitingRequest&)>& is_over) {
  return std::erase_if(undecided, [&](WaitingRequest& request) {
    if (!is_over(request)) return false;
    leave(request.bytes);
    return true;
  });
}

void RequestQueue::remove_barriers(const std::function<bool(WaitingBarrier&)>& is_over) {
  std::erase_if(barriers, [&](WaitingBarrier& barrier) {
    if (!is_over(barrier)) return false;
    leave(barrier.bytes);
    return true;
  });
}

void RequestQueue::clear() {
  in_flight.clear();
  gathering.clear();
  undecided.clear();
  barriers.clear();
}

}  // namespace dti
