#include "dtictl/office/office_store.hpp"

#include <string>
#include <thread>
#include <utility>

#include "dti/repository/open/open_snapshot.hpp"

namespace dti {
namespace {

// A transaction on a SQLite file must be short, and there must be pauses: while a reader has one, the server's log cannot
// start again. 5,000 entries take a few milliseconds. PostgreSQL has no such log, but each reading connects.
constexpr Seq kPieceOfFile = 5'000;
constexpr Seq kPieceOfDatabase = kLedgerPieceEntries;
constexpr std::chrono::milliseconds kPauseOfFile{5};
constexpr std::chrono::milliseconds kIdlePauseOfFile{200};
constexpr std::chrono::milliseconds kIdlePauseOfDatabase{1'000};

}  // namespace

std::unique_ptr<LedgerSnapshot> OfficeStore::open() const {
  return open_snapshot(options_.store, options_.store_timeout);
}

StoreNames OfficeStore::read_names() const {
  const auto snapshot = open();
  if (const auto warning = snapshot->warning()) say(command_, "WARNING: " + *warning);
  return StoreNames{snapshot->survey()};
}

LedgerTail OfficeStore::tail(const StoredSemester& semester, Seq after) const {
  return {[this] { return open(); }, semester.id, after, is_file() ? kPieceOfFile : kPieceOfDatabase};
}

void OfficeStore::read(const StoredSemester& semester, Seq after, const Sink& sink) const {
  auto tail = this->tail(semester, after);
  while (tail.position() < semester.head) {
    const auto entries = tail.read(semester.head);
    if (entries.empty()) {
      throw StorageError{StorageError::Kind::kCorrupt, "the ledger of semester \"" + semester.name +
                                                           "\" ends with entry " + std::to_string(tail.position()) +
                                                           " instead of " + std::to_string(semester.head) +
                                                           "; dtictl verify tells more"};
    }
    sink(entries, tail.notes());
    if (is_file() && tail.position() < semester.head) std::this_thread::sleep_for(kPauseOfFile);
  }
}

SemesterView OfficeStore::read_view(const StoredSemester& semester, const StoreNames& names) const {
  SemesterView view{[&names](ProgramId program) { return names.faculty_of(program); }};
  read(semester, 0, [&](const std::vector<StoredEntry>& entries, const Notes& /*notes*/) {
    for (const auto& entry : entries) view.add(entry);
  });
  return view;
}

std::chrono::milliseconds OfficeStore::idle_pause() const {
  return is_file() ? kIdlePauseOfFile : kIdlePauseOfDatabase;
}

void check_state(const StoredSemester& semester, const SemesterView& view) {
  const auto& left = view.left();
  const bool is_negative = left.classrooms < 0 || left.labs < 0 || left.conversions_left < 0;
  if (view.head() == semester.head && left == semester.left && !is_negative) return;
  throw StorageError{StorageError::Kind::kCorrupt, "semester \"" + semester.name +
                                                       "\": its row has other rooms left than its ledger; dtictl "
                                                       "verify tells more"};
}

StoredSemester find_semester(const OfficeOptions& options, const StoreNames& names) {
  auto found = names.find_semester(options.text("semester"));
  if (const auto* fault = std::get_if<NameFault>(&found)) {
    throw Unanswerable{options.settings.bad("semester", fault->reason)};
  }
  return std::get<StoredSemester>(std::move(found));
}

FacultyId find_faculty(const OfficeOptions& options, const StoreNames& names) {
  const auto name = options.text("faculty");
  if (!name) return 0;
  const auto found = names.find_faculty(*name);
  if (const auto* fault = std::get_if<NameFault>(&found)) {
    throw Unanswerable{options.settings.bad("faculty", fault->reason)};
  }
  return std::get<FacultyId>(found);
}

}  // namespace dti
