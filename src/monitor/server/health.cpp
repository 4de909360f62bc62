#include "monitor/server/health.hpp"

#include <chrono>

namespace dti {
namespace {

constexpr std::chrono::seconds kFollowedMax{5};  // a standby reads the ledger ten times a second

bool may_serve(const ServerFigures& figures, SteadyTime now) {
  return is_alive(figures.at, now) && !figures.is_stopping;
}

}  // namespace

bool is_leader(const ServerFigures& figures, SteadyTime now) {
  return may_serve(figures, now) && figures.phase == Lead::Phase::kLeading && now < figures.lease_until;
}

bool is_standby(const ServerFigures& figures, SteadyTime now) {
  return may_serve(figures, now) && figures.phase == Lead::Phase::kStandby && figures.is_loaded;
}

bool follows(const ServerFigures& figures, SteadyTime now) { return now - figures.followed_at <= kFollowedMax; }

std::string role_text(Lead::Phase phase) {
  switch (phase) {
    case Lead::Phase::kLeading: return "leader";
    case Lead::Phase::kStandby: return "standby";
    case Lead::Phase::kTakingOver: break;
  }
  return "taking-over";
}

std::vector<HealthCheck> readiness(const ServerFigures& figures, SteadyTime now) {
  const bool leads = figures.phase == Lead::Phase::kLeading;
  const bool stands_by = figures.phase == Lead::Phase::kStandby;
  std::vector<HealthCheck> checks;
  checks.push_back(loop_check(figures.at, now));
  checks.push_back({"running", !figures.is_stopping,
                    figures.is_stopping ? "the server is stopping" : "the server accepts requests"});
  checks.push_back({"role", leads || stands_by,
                    leads       ? "the server leads, epoch " + std::to_string(figures.epoch)
                    : stands_by ? "the server stands by"
                                : "the server takes over the store, and does not lead yet"});
  checks.push_back(
      {"state", figures.is_loaded, figures.is_loaded ? "the state is loaded" : "the state is not loaded yet"});
  if (leads) {
    const bool has_lease = now < figures.lease_until;
    checks.push_back({"lease", has_lease,
                      has_lease ? "the lease lasts for " + seconds_text(seconds_between(now, figures.lease_until))
                                : "the lease has run out"});
  }
  if (stands_by && figures.is_loaded) {
    checks.push_back(
        {"ledger", follows(figures, now),
         "the end of the ledger was reached " + seconds_text(seconds_between(figures.followed_at, now)) + " ago"});
  }
  checks.push_back(
      {"store", figures.store_answers,
       figures.store_answers ? "the store answers" : "the store does not answer, fails or refuses everything"});
  return checks;
}

}  // namespace dti
