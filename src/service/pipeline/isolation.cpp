#include "dti/service/pipeline/isolation.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dti {
namespace {

constexpr std::chrono::milliseconds kRefusalPause{1'000};  // after the store refused everything, until ready again

}  // namespace

void Isolation::on_refused(std::size_t size, std::uint64_t last, SteadyTime now) {
  until_ = std::max(until_, last);
  size_ = std::max<std::size_t>(1, size / 2);
  if (size > 1) return;
  ++refused_in_a_row_;
  if (refuses_all()) refuses_all_until_ = now + kRefusalPause;
}

bool Isolation::on_committed() {
  size_ *= 2;
  return std::exchange(refused_in_a_row_, 0) >= kRefusedInARowMax;
}

void Isolation::reset() {
  until_ = 0;
  refused_in_a_row_ = 0;
}

std::size_t Isolation::end_log() {
  batches_.end();
  return requests_.end();
}

}  // namespace dti
