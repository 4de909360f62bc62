#include "transport/server/store_calls.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace dti {

void StoreCalls::on_start(const StoreCall& call, SteadyTime now) {
  started_at_ = now;
  if (const auto* commit = std::get_if<CommitCall>(&call)) batch_entries_ = commit->batch->entries.size();
  if (const auto* opening = std::get_if<OpenSemesterCall>(&call)) semester_opened_ = opening->name;
  if (const auto* changing = std::get_if<ChangeCall>(&call)) {
    semester_changed_ = changing->change.semester_id;
    is_open_after_change_ = changing->change.is_open;
  }
}

void StoreCalls::on_end(const StoreResult& result, SteadyTime now) {
  std::visit(
      [&](const auto& ended) {
        if (const auto* failure = ended.failure()) {
          ++figures_.failures[static_cast<std::size_t>(failure->kind)];
        } else {
          succeed(ended, now);
        }
      },
      result);
}

void StoreCalls::succeed(const Ended<CommitCall>& commit, SteadyTime now) {
  if (commit.answer() != CommitResult::kCommitted) return;
  figures_.entries_per_batch.observe(static_cast<double>(batch_entries_));
  figures_.commit_seconds.observe(seconds_until(now));
}

void StoreCalls::on_lead(SteadyTime now) {
  ++figures_.take_overs;
  figures_.take_over_seconds.observe(seconds_until(now));
}

void StoreCalls::succeed(const Ended<TakeOverCall>& take_over, SteadyTime /*now*/) {
  const auto* const leadership = std::get_if<Leadership>(&take_over.answer());
  if (leadership == nullptr) return;
  semesters_.clear();
  closed_.clear();
  for (const auto& semester : leadership->semesters) {
    (semester.is_open ? semesters_ : closed_).push_back({semester.id, semester.name});
  }
}

void StoreCalls::succeed(const Ended<WatchCall>& watch, SteadyTime /*now*/) {
  semesters_.clear();
  for (const auto& head : watch.answer().heads) semesters_.push_back({head.semester_id, head.name});
}

void StoreCalls::succeed(const Ended<OpenSemesterCall>& opening, SteadyTime /*now*/) {
  const auto& [result, id] = opening.answer();
  if (result == OpenResult::kOpened) semesters_.push_back({id, semester_opened_});
}

void StoreCalls::succeed(const Ended<ChangeCall>& changing, SteadyTime /*now*/) {
  if (changing.answer() != CommitResult::kCommitted) return;
  auto& from = is_open_after_change_ ? closed_ : semesters_;
  auto& to = is_open_after_change_ ? semesters_ : closed_;
  const auto found = std::find_if(from.begin(), from.end(),
                                  [this](const OpenSemester& semester) { return semester.id == semester_changed_; });
  if (found == from.end()) return;
  to.push_back(std::move(*found));
  from.erase(found);
}

double StoreCalls::seconds_until(SteadyTime now) const {
  return std::chrono::duration<double>{now - started_at_}.count();
}

}  // namespace dti
