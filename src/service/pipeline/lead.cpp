#include "dti/service/pipeline/lead.hpp"

#include <algorithm>
#include <utility>

#include "dti/service/pipeline/take_over.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryDelayMin{100};  // between take-overs, while the store fails; doubles each time
constexpr milliseconds kRetryDelayMax{1'000};

}  // namespace

bool Lead::lose(SteadyTime now) {
  phase_ = Phase::kTakingOver;
  // At once the first time; a store that fails repeatedly gets a pause.
  if (failures_in_a_row_++ == 0) return true;
  retry_at_ = now + retry_delay();
  return false;
}

void Lead::retry_later(SteadyTime now) {
  ++failures_in_a_row_;
  retry_at_ = now + retry_delay();
}

void Lead::take(Epoch epoch, SteadyTime asked_at) {
  epoch_ = epoch;
  phase_ = Phase::kLeading;
  renew(asked_at);
}

void Lead::renew(SteadyTime asked_at) {
  lease_until_ = asked_at + lease_;
  renew_at_ = asked_at + renewal_interval(lease_);
}

void Lead::stand_by(std::string leader, SteadyTime watch_at) {
  phase_ = Phase::kStandby;
  lease_until_ = {};
  leader_ = std::move(leader);
  retry_at_.reset();
  watch_at_ = watch_at;
  followed_at_ = watch_at;
  has_followed_ = false;
  failures_in_a_row_ = 0;
}

void Lead::see(std::string leader, SteadyTime now) {
  leader_ = std::move(leader);
  followed_at_ = now;
  has_followed_ = true;
  watch_at_ = now + kWatchInterval;
}

void Lead::watch_later(SteadyTime now) {
  ++failures_in_a_row_;
  watch_at_ = now + retry_delay();
}

milliseconds Lead::retry_delay() const {
  auto delay = kRetryDelayMin;
  for (int i = 1; i < failures_in_a_row_ && delay < kRetryDelayMax; ++i) delay *= 2;
  return std::min(delay, kRetryDelayMax);
}

}  // namespace dti
