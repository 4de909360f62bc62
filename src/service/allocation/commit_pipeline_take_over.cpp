// The part of the pipeline that takes over: brings its state up to the store's, and begins to lead.
#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/name_fault.hpp"
#include "dti/service/allocation/commit_pipeline.hpp"
#include "service/allocation/pipeline_errors.hpp"

namespace dti {

void CommitPipeline::start_take_over(const Now& now) {
  DTI_CHECK(gathering_.empty() && in_flight_.empty());
  retry_at_.reset();
  call_store(TakeOverCall{{prepare_reading(), start_, start_fits_, options_.lease}}, now);
}

/// What is known before the store is read.
KnownState CommitPipeline::prepare_reading() {
  replay_fault_.reset();
  if (reread_all_) allocator_ = {};
  KnownState known{allocator_.heads(), allocator_.catalog().size()};
  reads_all_ = known.heads.empty() && known.program_count == 0;
  return known;
}

void CommitPipeline::on_piece(TakeOverPiece piece, const Now& now) {
  DTI_CHECK(call_);
  interrupt_at_ = now.steady + options_.store_timeout;  // it makes progress
  if (replay_fault_) return;
  if (const auto* programs = std::get_if<std::vector<CatalogProgram>>(&piece)) {
    if (!allocator_.add_programs(*programs)) replay_fault_ = "the stored catalogue does not continue the known one";
    return;
  }
  const auto& ledger = std::get<LedgerPiece>(piece);
  if (ledger.from_start) {
    log(LogLevel::kError, "store-lost-entries",
        "the store has fewer entries of semester " + std::to_string(ledger.semester_id) +
            " than were committed here: it was set back to an earlier state, and answered grants are gone");
    allocator_.forget(ledger.semester_id);
  }
  for (const auto& entry : ledger.entries) {
    if (const auto fault = allocator_.replay(ledger.semester_id, entry)) {
      replay_fault_ = "semester \"" + ledger.semester_name + "\": " + *fault;
      return;
    }
  }
}

void CommitPipeline::on(const Ended<TakeOverCall>& take_over, const Now& now) {
  if (const auto* failure = take_over.failure()) {
    if (is_final(failure->kind)) return end(1, failure->text, unavailable("the store cannot be used"));
    log_unavailable(failure->text, now);
    ++failures_in_a_row_;
    retry_at_ = now.steady + retry_delay();
    return end_if_drained(now);
  }
  if (const auto* held = std::get_if<HeldBy>(&take_over.answer())) return stand_by(*held, now.steady + kWatchInterval, now);
  const auto& leadership = std::get<Leadership>(take_over.answer());
  if (const auto lost = lost_semester(leadership)) {
    return end(1, "the store has lost semester " + *lost + ", which was served: was it set back?",
               unavailable("the store cannot be used"));
  }
  if (leadership.program_count < allocator_.catalog().size()) {
    log(LogLevel::kError, "store-lost-entries", "the store has fewer programs than were known here: it was set back");
    return reread_all(now);
  }
  std::vector<StoredSemester> open;
  std::copy_if(leadership.semesters.begin(), leadership.semesters.end(), std::back_inserter(open),
               [](const StoredSemester& semester) { return semester.is_open; });
  if (const auto fault = replay_fault_ ? replay_fault_ : allocator_.serve(open)) {
    // What was known may differ from a store that lost entries and went on: only a reading of everything tells.
    if (reads_all_) {
      return end(1, "the store contradicts itself: " + *fault, unavailable("the store cannot be used"));
    }
    log(LogLevel::kError, "state-differs-from-store", *fault + "; everything is read again");
    return reread_all(now);
  }
  start_.reset();
  unavailable_.end();
  reread_all_ = false;
  epoch_ = leadership.epoch;
  phase_ = Phase::kLeading;
  leads_since(call_since_);
  log(LogLevel::kInfo, "leading",
      "epoch " + std::to_string(epoch_) + ", " + std::to_string(open.size()) + " open semesters, " +
          std::to_string(undecided_.size()) + " requests waiting");
  warn_of_lookalikes(open);
  if (std::exchange(said_, Said::kReady) != Said::kReady) actions_.emplace_back(AnnounceReady{});
  pump(now);
}

/// Whether a take-over that failed with this kind of error ends the server. At the first start, only an unreachable store
/// is waited for.
bool CommitPipeline::is_final(StorageError::Kind kind) const {
  switch (kind) {
    case StorageError::Kind::kUnreachable: return false;
    case StorageError::Kind::kUnavailable:
    case StorageError::Kind::kInDoubt: return said_ == Said::kNothing;
    case StorageError::Kind::kRejected:
    case StorageError::Kind::kInvariant: return start_.has_value();
    case StorageError::Kind::kCorrupt:
    case StorageError::Kind::kRefused: return true;
  }
  return true;
}

/// Earlier versions opened semesters whose names people cannot tell apart. They are served as they are.
void CommitPipeline::warn_of_lookalikes(const std::vector<StoredSemester>& open) {
  std::unordered_map<std::string, std::string> names;  // by key
  for (const auto& semester : open) {
    const auto [first, is_new] = names.try_emplace(semester_key(semester.name), semester.name);
    if (is_new) continue;
    log(LogLevel::kWarning, "semesters-look-alike",
        "two open semesters have almost the same name, each with rooms of its own: " + escaped(first->second) +
            " and " + escaped(semester.name));
  }
}

std::optional<std::string> CommitPipeline::lost_semester(const Leadership& leadership) const {
  for (const auto& [id, head] : allocator_.heads()) {
    const auto is_it = [wanted = id](const StoredSemester& semester) { return semester.id == wanted; };
    if (std::none_of(leadership.semesters.begin(), leadership.semesters.end(), is_it)) return std::to_string(id);
  }
  return std::nullopt;
}

void CommitPipeline::reread_all(const Now& now) {
  reread_all_ = true;
  start_take_over(now);
}

void CommitPipeline::log_unavailable(const std::string& text, const Now& now) {
  const auto count = unavailable_.pass(now.steady);
  if (!count) return;
  const auto times = *count > 1 ? " (" + std::to_string(*count) + " times)" : std::string{};
  log(LogLevel::kWarning, "store-unavailable", text + times + "; the server keeps trying");
}

}  // namespace dti
