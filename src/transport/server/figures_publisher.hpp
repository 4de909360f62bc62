#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "dti/base/time.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// Publishes the figures of a server ten times a second, and at once when a health path would answer differently.
/// Thread: one, except for board().
class FiguresPublisher {
 public:
  static constexpr std::chrono::milliseconds kInterval{100};  // making the figures takes some 10 microseconds

  /// What the health paths depend on, apart from the time.
  struct State {
    Lead::Phase phase = Lead::Phase::kTakingOver;
    bool is_stopping = false;
    bool is_loaded = false;
    bool store_answers = true;
    bool operator==(const State&) const = default;
  };

  /// Call it in each turn of the loop.
  /// @param make  makes the figures; called if they are due
  template <class Make>
  void publish_if_due(const State& state, SteadyTime now, Make make) {
    if (now < due_at_ && published_ == state) return;
    if (!board_.publish(make())) return;  // a reader was in the way: the next turn tries again
    published_ = state;
    due_at_ = now + kInterval;
  }

  /// Thread: any.
  [[nodiscard]] const FiguresBoard& board() const { return board_; }

 private:
  SteadyTime due_at_{};
  std::optional<State> published_;
  // Shared with the threads that read it.
  FiguresBoard board_{ServerFigures{}};
};

}  // namespace dti
