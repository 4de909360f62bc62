#include "dti_server/service_state.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

/// A kind of rooms of one open semester.
struct Fill {
  std::string name;
  Quantity left = 0;
  Quantity capacity = 0;

  // The share of the rooms that are taken, as a fraction that two of them can be compared by. A pool without rooms has
  // nothing to run out of.
  [[nodiscard]] bool is_fuller_than(const Fill& other) const {
    return (capacity - left) * other.capacity > (other.capacity - other.left) * capacity;
  }
};

std::optional<Fill> fullest(const ServerFigures& figures) {
  std::optional<Fill> found;
  for (const auto& semester : figures.semesters) {
    const auto of = " of " + quoted_text(semester.name);
    const auto& [classrooms, labs, conversions] = semester.capacity;
    for (const auto& fill :
         {Fill{"classrooms" + of, semester.left.classrooms, classrooms}, Fill{"labs" + of, semester.left.labs, labs},
          Fill{"mobile labs" + of, semester.left.mobile_labs(), conversions}}) {
      if (fill.capacity > 0 && (!found || fill.is_fuller_than(*found))) found = fill;
    }
  }
  return found;
}

/// The leadership that this server had, unless it has had none.
std::string last_led(const ServerFigures& figures) {
  return figures.epoch == 0 ? "" : "; led last in epoch " + std::to_string(figures.epoch);
}

std::string requests(std::size_t count) { return std::to_string(count) + (count == 1 ? " request" : " requests"); }

std::string leading(const ServerFigures& figures, std::uint64_t decisions_per_second) {
  auto text = "leads in epoch " + std::to_string(figures.epoch) + "; " + std::to_string(decisions_per_second) +
              " decisions/s, " + requests(figures.requests_waiting) + " waiting";
  if (figures.store_is_silent) text += "; the store is silent";
  if (const auto pool = fullest(figures)) {
    text += "; fullest pool: " + pool->name + ", " + std::to_string(pool->left) + " of " +
            std::to_string(pool->capacity) + " left";
  }
  return text;
}

std::string standing_by(const ServerFigures& figures) {
  auto text = "stands by for " + (figures.leader.empty() ? "another server" : printable(figures.leader));
  if (!figures.is_loaded) {
    text += "; reads the ledger";
  } else if (figures.entries_behind > 0) {
    text += "; " + std::to_string(figures.entries_behind) + " entries behind";
  }
  return text + last_led(figures);
}

std::string taking_over(const ServerFigures& figures, bool database_is_away) {
  const std::string text = figures.store_is_silent ? "waits for the store, which does not answer"
                           : database_is_away      ? "waits for the database, which cannot be reached"
                                                   : "takes over the store";
  return text + "; " + requests(figures.requests_waiting) + " waiting" + last_led(figures);
}

}  // namespace

std::string status_sentence(const ServerFigures& figures, std::uint64_t decisions_per_second, bool database_is_away) {
  if (figures.is_stopping) return "stops; " + requests(figures.requests_waiting) + " waiting";
  switch (figures.phase) {
    case Lead::Phase::kLeading: return leading(figures, decisions_per_second);
    case Lead::Phase::kStandby: return standing_by(figures);
    case Lead::Phase::kTakingOver: return taking_over(figures, database_is_away);
  }
  return {};
}

ServiceState ServerStatus::state(const ServerFigures& figures) {
  const auto& by_status = figures.requests.decisions;
  const auto decisions = std::accumulate(by_status.begin(), by_status.end(), std::uint64_t{0});
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(figures.at - since_);
  if (time >= 1s) {
    const auto milliseconds = static_cast<std::uint64_t>(time.count());
    if (since_ != SteadyTime{}) per_second_ = ((decisions - decisions_) * 1'000 + milliseconds / 2) / milliseconds;
    since_ = figures.at;
    decisions_ = decisions;
  }
  const auto unreachable = figures.store.failures[static_cast<std::size_t>(StorageError::Kind::kUnreachable)];
  if (figures.phase != Lead::Phase::kTakingOver) unreachable_ = unreachable;
  return {.turned_at = figures.at,
          .is_stuck = figures.store_is_silent,
          .status = status_sentence(figures, per_second_, unreachable > unreachable_)};
}

}  // namespace dti
