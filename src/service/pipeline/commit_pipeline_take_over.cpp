// The part of the pipeline that takes over: it updates its state from the store, and begins to lead.
#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/base/time_text.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/stored_semesters.hpp"
#include "dti/service/pipeline/commit_pipeline.hpp"
#include "service/pipeline/pipeline_errors.hpp"

namespace dti {
namespace {

constexpr std::chrono::seconds kClocksDifferMax{2};  // a take-over of PostgreSQL takes less, and holds last longer

}  // namespace

void CommitPipeline::start_take_over(const Now& now) {
  DTI_CHECK(queue_.gathering.empty() && queue_.in_flight.empty());
  lead_.begin_take_over(options_.lease.duration, now.steady);
  call_store(TakeOverCall{{reading_.begin(allocator_), start_, start_fits_, options_.lease}}, now);
}

void CommitPipeline::on_piece(const TakeOverPiece& piece, const Now& now) {
  DTI_CHECK(is_calling());
  call_.on_progress(now.steady);
  log(reading_.apply(piece, allocator_));
}

void CommitPipeline::on(const Ended<TakeOverCall>& take_over, const Now& now) {
  if (const auto* failure = take_over.failure()) {
    if (is_final(failure->kind)) {
      return end(exit_code(failure->kind), failure->text, unavailable("the store cannot be used"));
    }
    log_unavailable(failure->text, now);
    lead_.retry_later(now.steady);
    return end_if_drained(now);
  }
  if (const auto* held = std::get_if<HeldBy>(&take_over.answer())) {
    return stand_by(*held, now.steady + Lead::kWatchInterval, now);
  }
  if (reading_.has_other_history()) {
    on_contradiction(*reading_.fault(), unavailable("the store cannot be used"));
    return start_take_over(now);
  }
  const auto& leadership = std::get<Leadership>(take_over.answer());
  if (const auto lost = lost_semester(leadership)) {
    return end(1, "the store has lost semester " + *lost + ", which was served: was it set back?",
               unavailable("the store cannot be used"));
  }
  if (leadership.program_count < allocator_.catalog().size()) {
    log(LogLevel::kError, "store-lost-entries", "the store has fewer programs than were known here: it was set back");
    reading_.read_all_next();
    return start_take_over(now);
  }
  std::vector<StoredSemester> open;
  std::copy_if(leadership.semesters.begin(), leadership.semesters.end(), std::back_inserter(open),
               [](const StoredSemester& semester) { return semester.is_open; });
  const auto fault = reading_.fault() ? reading_.fault() : allocator_.serve(open);
  if (!fault) return lead(leadership, open, now);
  on_contradiction(*fault, unavailable("the store cannot be used"));
  if (!has_ended_) start_take_over(now);
}

/// The state and the store contradict each other. The store may have lost entries and added others: only reading
/// everything again finds out. If everything was read already, the server ends.
void CommitPipeline::on_contradiction(const std::string& fault, const RequestError& error) {
  if (reading_.reads_all()) return end(1, "the store contradicts itself: " + fault, error);
  if (reading_.has_other_history()) {
    log(LogLevel::kWarning, "store-history-changed", fault + "; everything is read again");
  } else {
    log(LogLevel::kError, "state-differs-from-store", fault + "; everything is read again");
  }
  reading_.read_all_next();
}

void CommitPipeline::lead(const Leadership& leadership, const std::vector<StoredSemester>& open, const Now& now) {
  const auto start = std::exchange(start_, std::nullopt);
  unavailable_.end();
  for (auto& event : reading_.succeed(allocator_)) log(std::move(event));
  semesters_ = leadership.semesters;
  lead_.take(leadership.epoch, call_.since());
  settling_.resume_all();
  expiring_holds_.resume_all();
  clock_.start(leadership.newest_at, leadership.database_time, now);
  warn_of_clocks(leadership, now);
  renew_soon_if_changed(now);
  log(LogLevel::kInfo, "leading",
      "epoch " + std::to_string(leadership.epoch) + ", " + std::to_string(open.size()) + " open semesters, " +
          std::to_string(queue_.undecided.size()) + " requests waiting");
  warn_of(open);
  if (start && start->semester) warn_if_closed(start->semester->name);
  if (std::exchange(said_, Said::kReady) != Said::kReady) actions_.emplace_back(AnnounceReady{});
  pump(now);
}

/// Whether a take-over that failed with this kind of error ends the server. At the first start, only an unreachable
/// store is waited for.
bool CommitPipeline::is_final(StorageError::Kind kind) const {
  switch (kind) {
    case StorageError::Kind::kUnreachable: return false;
    case StorageError::Kind::kUnavailable:
    case StorageError::Kind::kRejected:
    case StorageError::Kind::kInDoubt: return said_ == Said::kNothing;
    case StorageError::Kind::kInvariant: return start_.has_value();
    case StorageError::Kind::kCorrupt:
    case StorageError::Kind::kRewritten:
    case StorageError::Kind::kRefused: return true;
  }
  return true;
}

/// Earlier versions opened semesters whose names people cannot tell apart. They are served as they are.
void CommitPipeline::warn_of(const std::vector<StoredSemester>& open) {
  if (open.empty()) {
    log(LogLevel::kWarning, "no-open-semester",
        "the store has no open semester: every request gets INVALID-SEMESTER until a semester is opened");
  }
  std::unordered_map<std::string, std::string> names;  // by key
  for (const auto& semester : open) {
    const auto [first, is_new] = names.try_emplace(semester_key(semester.name), semester.name);
    if (is_new) continue;
    log(LogLevel::kWarning, "semesters-look-alike",
        "two open semesters have almost the same name, each with rooms of its own: " + escaped(first->second) +
            " and " + escaped(semester.name));
  }
}

/// Holds end by the time of the ledger. It should be that of the clocks, and they should be equal.
void CommitPipeline::warn_of_clocks(const Leadership& leadership, const Now& now) {
  const auto differs = [](WallTime a, WallTime b) { return std::chrono::abs(a - b) > kClocksDifferMax; };
  const auto shown = [](WallTime time) { return time_text(time); };
  std::string text = "this server has " + shown(now.wall);
  bool is_far = differs(now.wall, clock_.at(now.steady));
  if (const auto database = leadership.database_time) {
    text += ", the database " + shown(*database);
    is_far = is_far || differs(now.wall, *database);
  }
  if (!is_far) return;
  log(LogLevel::kWarning, "clocks-differ", text + ", and the ledger continues from " + shown(clock_.at(now.steady)));
}

void CommitPipeline::warn_if_closed(const std::string& started_with) {
  const auto* const semester = find_semester(semesters_, started_with);
  if (semester == nullptr || semester->is_open) return;
  log(LogLevel::kWarning, "semester-is-closed",
      "semester " + escaped(started_with) +
          " is in the settings, and is closed: its requests get INVALID-SEMESTER until it is reopened");
}

std::optional<std::string> CommitPipeline::lost_semester(const Leadership& leadership) const {
  for (const auto& [id, head] : allocator_.heads()) {
    const auto is_it = [wanted = id](const StoredSemester& semester) { return semester.id == wanted; };
    if (std::none_of(leadership.semesters.begin(), leadership.semesters.end(), is_it)) return std::to_string(id);
  }
  return std::nullopt;
}

void CommitPipeline::log_unavailable(const std::string& text, const Now& now) {
  const auto count = unavailable_.pass(now.steady);
  if (!count) return;
  const auto times = *count > 1 ? " (" + std::to_string(*count) + " times)" : std::string{};
  log(LogLevel::kWarning, "store-unavailable", text + times + "; the server keeps trying");
}

}  // namespace dti
