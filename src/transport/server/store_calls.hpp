#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dti/base/time.hpp"
#include "dti/service/pipeline/store_call.hpp"
#include "dti/transport/server/server_figures.hpp"

namespace dti {

/// Counts the calls of the store as they start and end, and notes what they tell of the open semesters.
/// Thread: one.
class StoreCalls {
 public:
  struct OpenSemester {
    SemesterId id = 0;
    std::string name;
  };

  void on_start(const StoreCall& call, SteadyTime now);
  void on_end(const StoreResult& result, SteadyTime now);
  /// The take-over that has ended made this server the leader.
  void on_lead(SteadyTime now);

  [[nodiscard]] const StoreFigures& figures() const { return figures_; }
  /// The open semesters, as the last call that tells of them found or left them.
  [[nodiscard]] const std::vector<OpenSemester>& semesters() const { return semesters_; }

 private:
  void succeed(const Ended<CommitCall>& commit, SteadyTime now);
  void succeed(const Ended<TakeOverCall>& take_over, SteadyTime now);
  void succeed(const Ended<WatchCall>& watch, SteadyTime now);
  void succeed(const Ended<OpenSemesterCall>& opening, SteadyTime now);
  void succeed(const Ended<ChangeCall>& changing, SteadyTime now);
  void succeed(const auto& /*ended*/, SteadyTime /*now*/) {}
  [[nodiscard]] double seconds_until(SteadyTime now) const;  // since the call started

  StoreFigures figures_;
  std::vector<OpenSemester> semesters_;
  std::vector<OpenSemester> closed_;  // of a leader
  SteadyTime started_at_{};           // of the call in progress, or of the last one
  std::size_t batch_entries_ = 0;     // of the commit in progress
  std::string semester_opened_;       // by the call in progress
  SemesterId semester_changed_ = 0;
  bool is_open_after_change_ = false;
};

}  // namespace dti
