#include "dti/repository/memory/memory_repository.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iterator>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include "dti/domain/allocate.hpp"
#include "dti/domain/office_command.hpp"
#include "dti/repository/common/chains.hpp"
#include "dti/repository/common/holder.hpp"
#include "dti/repository/common/ledger_rows.hpp"
#include "dti/service/ledger/extent_check.hpp"

namespace dti {
namespace {

using Kind = StorageError::Kind;

/// The claims that the tables of the databases make by their CHECK constraints.
bool fits_schema(const LedgerEntry& entry) {
  const Want& want = entry.want;
  const Grant& grant = entry.grant;
  return entry.program_id >= 1 && entry.generation >= 1 &&
         std::min({want.classrooms, want.labs, grant.classrooms, grant.labs, grant.mobile_labs}) >= 0 &&
         grant.classrooms <= want.classrooms && grant.labs + grant.mobile_labs <= want.labs;
}

FacultyId last_faculty(const std::vector<CatalogProgram>& programs) {
  FacultyId last = 0;
  for (const CatalogProgram& program : programs) last = std::max(last, program.faculty_id);
  return last;
}

/// The claims that the tables of the databases make about wait lists by ledger_command_has_its_columns.
bool fits_wait_list(const LedgerRow& row) {
  const auto kind = static_cast<EntryKind>(row.kind);
  const bool is_topped_up = kind == EntryKind::kGranted && row.cause == static_cast<std::int64_t>(Cause::kToppedUp);
  if (row.waits_since.has_value() != is_topped_up || row.setting.has_value() != (kind == EntryKind::kSetting)) {
    return false;
  }
  if (is_topped_up && (*row.waits_since < 2 || *row.waits_since >= row.seq)) return false;
  if (kind == EntryKind::kWaitingLeft && !(row.program_id && row.generation)) return false;
  return !row.setting || (*row.setting >= 0 && *row.setting < kSemesterSettingCount);
}

/// The same claims about holds and quotas.
bool fits_holds_and_quotas(const LedgerRow& row) {
  const auto kind = static_cast<EntryKind>(row.kind);
  const auto is_cause = [&](Cause cause) { return row.cause == static_cast<std::int64_t>(cause); };
  const bool is_asked = kind == EntryKind::kGranted && is_cause(Cause::kAsked);
  const bool may_expire = kind == EntryKind::kHoldExtended || is_asked ||
                          (kind == EntryKind::kGranted && (is_cause(Cause::kAmended) || is_cause(Cause::kToppedUp)));
  if (row.expires_at ? !may_expire : kind == EntryKind::kHoldExtended || is_asked) return false;
  const bool names_grant = kind == EntryKind::kConfirmed || kind == EntryKind::kHoldExtended;
  if (names_grant && !(row.program_id && row.generation)) return false;
  if (kind == EntryKind::kGranted && is_cause(Cause::kCancelled)) return false;
  const auto is_limit = [](const StoredNumber& rooms, const StoredNumber& is_soft) {
    return rooms.has_value() == is_soft.has_value() && rooms.value_or(0) >= 0 && is_soft.value_or(0) >= 0 &&
           is_soft.value_or(0) <= 1;
  };
  if (kind == EntryKind::kQuotaSet) {
    return row.faculty_id && is_limit(row.classrooms_limit, row.classrooms_limit_is_soft) &&
           is_limit(row.labs_limit, row.labs_limit_is_soft);
  }
  return !row.faculty_id && !row.classrooms_limit && !row.classrooms_limit_is_soft && !row.labs_limit &&
         !row.labs_limit_is_soft;
}

/// The same claims about rounds.
bool fits_rounds(const LedgerRow& row) {
  const auto kind = static_cast<EntryKind>(row.kind);
  const bool is_by_round = kind == EntryKind::kGranted && row.cause == static_cast<std::int64_t>(Cause::kRound);
  return (kind == EntryKind::kRound || kind == EntryKind::kRoundOpened || is_by_round) == row.terms.has_value();
}

bool is_not_negative(const Pool& pool) { return std::min({pool.classrooms, pool.labs, pool.conversions_left}) >= 0; }

}  // namespace

void MemoryStore::fail_next(StorageError::Kind kind, bool after_effect) {
  const std::lock_guard lock{mutex_};
  failures_.push_back({kind, after_effect});
}

std::vector<MemoryStore::Entry> MemoryStore::entries(SemesterId semester) const {
  const std::lock_guard lock{mutex_};
  const auto index = static_cast<std::size_t>(semester - 1);
  std::vector<Entry> found;
  if (semester < 1 || index >= semesters_.size()) {
    return found;
  }
  auto message = semesters_[index].messages.begin();
  for (const LedgerEntry& entry : semesters_[index].entries) {
    while (entry.seq > message->last) {
      ++message;
    }
    found.push_back({entry, message->request_id, message->at, message->command_id, message->note_hash});
  }
  return found;
}

std::optional<StoredSemester> MemoryStore::find_semester(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  for (const Semester& semester : semesters_) {
    if (semester.row.name == name) {
      return semester.row;
    }
  }
  return std::nullopt;
}

Epoch MemoryStore::epoch() const {
  const std::lock_guard lock{mutex_};
  return epoch_;
}

std::vector<RegistryEntry> MemoryStore::registry() const {
  const std::lock_guard lock{mutex_};
  return registry_;
}

ChainHeads MemoryStore::chain_heads() const {
  const std::lock_guard lock{mutex_};
  return heads_;
}

std::optional<Seal> MemoryStore::find_seal(SemesterId semester, Seq seq) const {
  const std::lock_guard lock{mutex_};
  return read_seal(semester, seq).seal;
}

std::map<Seq, CommandNote> MemoryStore::notes(SemesterId semester) const {
  const std::lock_guard lock{mutex_};
  if (semester == kRegistryId) return registry_notes_;
  const auto index = static_cast<std::size_t>(semester - 1);
  return semester < 1 || index >= semesters_.size() ? std::map<Seq, CommandNote>{} : semesters_[index].notes;
}

/// As SealReader.
RowSeal MemoryStore::read_seal(SemesterId chain, Seq seq) const {
  if (chain == kRegistryId) {
    const bool is_there = seq >= 1 && std::cmp_less_equal(seq, registry_.size());
    return is_there ? RowSeal{true, registry_[static_cast<std::size_t>(seq - 1)].seal} : RowSeal{};
  }
  const auto index = static_cast<std::size_t>(chain - 1);
  if (index >= semesters_.size() || seq > semesters_[index].row.head) return {};
  const auto& seals = semesters_[index].seals;
  const auto found = seals.find(seq);
  return {true, found == seals.end() ? std::nullopt : std::optional{found->second}};
}

CatalogState MemoryStore::catalog_state(const std::string& command_id, const std::vector<std::string>& earlier) const {
  CatalogState state{heads_.store, std::ssize(registry_), {}, std::ssize(programs_), 0};
  Seq first = 1;  // of the change
  for (const auto& entry : registry_) {
    state.places.add(entry);
    if (entry.command_id == command_id) state.written = entry.seq;
    if (entry.command_id && std::count(earlier.begin(), earlier.end(), *entry.command_id) > 0) {
      state.earlier.push_back({first, entry.seq});
    }
    if (entry.seal) first = entry.seq + 1;
  }
  return state;
}

ProgramChanges MemoryStore::program_changes(Seq after) const {
  ProgramChanges found{std::ssize(registry_), {}};
  for (const auto& entry : registry_) {
    if (entry.seq <= after) continue;
    if (auto change = program_change_of(entry)) found.changes.push_back(*std::move(change));
  }
  return found;
}

/// Adds programs to the catalogue: all of them or none.
/// @return the number of faculties before
/// @throws StorageError  kInvariant: they do not fit it
std::int64_t MemoryStore::add_programs(const std::vector<CatalogProgram>& programs) {
  std::unordered_map<std::string, FacultyId> faculties;  // by key
  std::set<std::pair<FacultyId, std::string>> program_keys;
  std::vector<CatalogProgram> all;
  const auto add = [&](const CatalogProgram& program) {
    const auto next_faculty = static_cast<FacultyId>(faculties.size() + 1);
    const auto faculty = faculties.emplace(program.faculty_key, next_faculty).first;
    all.push_back(program);
    return program.id == all.size() && faculty->second == program.faculty_id &&
           program_keys.emplace(program.faculty_id, program.key).second;
  };
  std::for_each(programs_.begin(), programs_.end(), add);
  for (const CatalogProgram& program : programs) {
    if (!add(program)) {
      throw StorageError{Kind::kInvariant, "program " + std::to_string(program.id) + " does not fit the catalogue"};
    }
  }
  const auto faculties_before = last_faculty(programs_);
  programs_ = std::move(all);
  return faculties_before;
}

/// Adds entries to the registry.
void MemoryStore::enter(std::vector<RegistryEntry> entries, WallTime at) {
  auto& end = heads_.ends[kRegistryId];
  end = seal_registry(heads_.store, end, stored_time(at), entries);
  registry_.insert(registry_.end(), entries.begin(), entries.end());
}

MemoryStore::Semester* MemoryStore::find(SemesterId id) {
  const auto index = static_cast<std::size_t>(id - 1);
  return id >= 1 && index < semesters_.size() ? &semesters_[index] : nullptr;
}

std::vector<StoredSemester> MemoryStore::rows() const {
  std::vector<StoredSemester> rows;
  for (const auto& semester : semesters_) rows.push_back(semester.row);
  return rows;
}

LedgerRow MemoryStore::Semester::row_at(Seq seq) const {
  auto found = row_of(entries[static_cast<std::size_t>(seq - 1)]);
  if (found.kind == stored_code(EntryKind::kGranted) && !found.cause) return found;
  const auto message = std::lower_bound(messages.begin(), messages.end(), seq,
                                        [](const Message& one, Seq wanted) { return one.last < wanted; });
  if (message->request_id) found.request = id_hash(*message->request_id);
  if (message->command_id) found.command = id_hash(*message->command_id);
  found.terms = message->terms;
  if (rests_on_time(found)) found.at = stored_time(message->at);
  return found;
}

/// Notes the generations of the grants in the batch: all of them or none.
/// @throws StorageError  kInvariant: a program has that grant already, or an entry cannot be stored
void MemoryStore::note_generations(Semester& semester, const Batch& batch) {
  auto& generations = semester.generations;
  generations.resize(std::max<std::size_t>(generations.size(), greatest_program(batch)));
  std::vector<std::int32_t> before;
  before.reserve(batch.entries.size());
  for (const LedgerEntry& entry : batch.entries) {
    const bool is_grant = entry.kind == EntryKind::kGranted;
    if (!fits_schema(entry) || (is_grant && entry.generation <= generations[entry.program_id - 1])) {
      for (std::size_t i = before.size(); i-- > 0;) generations[batch.entries[i].program_id - 1] = before[i];
      throw StorageError{Kind::kInvariant, "a batch holds an entry that must not be stored: seq " +
                                               std::to_string(entry.seq) + " of semester " + semester.row.name};
    }
    auto& newest = generations[entry.program_id - 1];
    before.push_back(newest);
    if (is_grant) newest = entry.generation;
  }
}

CommitResult MemoryStore::commit(const Batch& batch, const std::optional<Seal>& seal) {
  Semester* const semester = find(batch.semester_id);
  if (epoch_ > batch.epoch) {
    return CommitResult::kReplaced;
  }
  if (semester == nullptr || semester->row.epoch != batch.epoch || semester->row.head != batch.base ||
      greatest_program(batch) > programs_.size() || !seal) {
    return CommitResult::kBaseMoved;
  }
  Pool left = semester->row.left;
  left.classrooms -= batch.charged.classrooms;
  left.labs -= batch.charged.labs;
  left.conversions_left -= batch.charged.conversions_left;
  if (!is_not_negative(left)) {
    throw StorageError{Kind::kInvariant, "a batch takes more than is left of semester " + semester->row.name};
  }
  note_generations(*semester, batch);
  semester->entries.insert(semester->entries.end(), batch.entries.begin(), batch.entries.end());
  Seq last = batch.base;
  for (const BatchMessage& message : batch.messages) {
    last += message.entry_count;
    semester->messages.push_back({last, message.request_id, batch.at});
  }
  semester->row.left = left;
  semester->row.head = batch.entries.back().seq;
  semester->row.last_entry = semester->row.head;
  semester->seals.emplace(semester->row.head, *seal);
  heads_.ends[batch.semester_id] = {semester->row.head, *seal};
  return CommitResult::kCommitted;
}

/// @throws StorageError  kInvariant: the CHECKs or the unique indexes of the databases would refuse an entry
void MemoryStore::check(const Semester& semester, const Change& change) {
  const auto refuse = [&](const std::string& why) {
    throw StorageError{Kind::kInvariant, "a change of semester " + semester.row.name + ": " + why};
  };
  auto granted = semester.generations;
  auto released = semester.released;
  for (const auto& stored : change.entries) {
    const bool is_asked = stored.row.kind == stored_code(EntryKind::kGranted) && stored.row.cause.value_or(0) == 0;
    if (stored.command_id.has_value() == is_asked) refuse("an entry has no command-id, or one too many");
    if (!fits_wait_list(stored.row) || !fits_holds_and_quotas(stored.row) || !fits_rounds(stored.row)) {
      refuse("an entry does not have its columns: seq " + std::to_string(stored.row.seq));
    }
    const auto entry = entry_of(stored.row);
    const bool is_once_per_grant = entry.kind == EntryKind::kWaitingLeft || entry.kind == EntryKind::kConfirmed ||
                                   entry.kind == EntryKind::kHoldExtended;
    const auto is_same = [&](const LedgerEntry& old) {
      return old.kind == entry.kind && old.program_id == entry.program_id && old.generation == entry.generation &&
             old.expires_at == entry.expires_at;
    };
    if (is_once_per_grant && std::any_of(semester.entries.begin(), semester.entries.end(), is_same)) {
      refuse("a grant has such an entry already: seq " + std::to_string(entry.seq));
    }
    const bool has_cause = entry.cause != Cause::kAsked;
    if (entry.kind == EntryKind::kReleased && !has_cause) refuse("a release has no cause");
    if (entry.kind != EntryKind::kGranted && entry.kind != EntryKind::kReleased) continue;
    auto& newest = entry.kind == EntryKind::kGranted ? granted : released;
    if (newest.size() < entry.program_id) newest.resize(entry.program_id);
    if (!fits_schema(entry) || entry.generation <= newest[entry.program_id - 1]) {
      refuse("an entry must not be stored: seq " + std::to_string(entry.seq));
    }
    newest[entry.program_id - 1] = entry.generation;
  }
  if (!is_not_negative(change.left)) refuse("more is granted than its capacity");
  const auto& [classrooms, labs, conversions] = change.capacity;
  if (change.left.classrooms > classrooms || change.left.labs > labs || change.left.conversions_left > conversions) {
    refuse("more is left than its capacity");
  }
  if (change.note.actor.size() > kActorBytesMax || change.note.note.size() > kNoteBytesMax) {
    refuse("its note is too long");
  }
}

CommitResult MemoryStore::change(const Change& change, const std::optional<SealedChange>& sealed) {
  Semester* const semester = find(change.semester_id);
  if (epoch_ > change.epoch) return CommitResult::kReplaced;
  if (epoch_ != change.epoch || semester == nullptr || semester->row.head != change.base ||
      greatest_program(change) > programs_.size() || !sealed) {
    return CommitResult::kBaseMoved;
  }
  check(*semester, change);
  for (const auto& stored : sealed->entries) {
    const auto entry = entry_of(stored.row);
    semester->entries.push_back(entry);
    semester->messages.push_back(
        {entry.seq, stored.request_id, change.at, stored.command_id, stored.note_hash, stored.row.terms});
    if (entry.kind != EntryKind::kGranted && entry.kind != EntryKind::kReleased) continue;
    auto& newest = entry.kind == EntryKind::kGranted ? semester->generations : semester->released;
    if (newest.size() < entry.program_id) newest.resize(entry.program_id);
    newest[entry.program_id - 1] = entry.generation;
  }
  auto& row = semester->row;
  row.head = row.last_entry = sealed->end.seq;
  row.capacity = change.capacity;
  row.left = change.left;
  row.is_open = change.is_open;
  semester->seals.emplace(sealed->end.seq, sealed->end.seal);
  if (sealed->entries.back().note_hash) semester->notes.emplace(sealed->end.seq, change.note);
  heads_.ends[change.semester_id] = sealed->end;
  heads_.ends[kRegistryId] = sealed->registry_end;
  registry_.insert(registry_.end(), sealed->registered.begin(), sealed->registered.end());
  return CommitResult::kCommitted;
}

std::vector<StoredEntry> MemoryStore::read_entries(SemesterId semester, Seq first, Seq last) const {
  const auto index = static_cast<std::size_t>(semester - 1);
  if (semester < 1 || index >= semesters_.size()) return {};
  const auto& stored = semesters_[index];
  std::vector<StoredEntry> read;
  auto message = stored.messages.begin();
  for (const LedgerEntry& entry : stored.entries) {
    while (entry.seq > message->last) ++message;
    if (entry.seq < first || entry.seq > last) continue;
    StoredEntry found{row_of(entry), stored_time(message->at), message->request_id};
    found.command_id = message->command_id;
    found.row.terms = message->terms;
    hash_ids(found);
    found.note_hash = message->note_hash;
    if (const auto seal = stored.seals.find(entry.seq); seal != stored.seals.end()) found.seal = seal->second;
    read.push_back(std::move(found));
  }
  return read;
}

MemoryRepository::MemoryRepository(std::shared_ptr<MemoryStore> store)
    : store_(std::move(store)), holder_(std::make_unique<Holder>()), chains_(std::make_unique<Chains>(LogSink{})) {}

MemoryRepository::~MemoryRepository() = default;

/// Makes a part of a call. After an error other than kRejected and kInvariant, the next call must be a take-over.
template <class Call>
auto MemoryRepository::translate(Stage stage, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const StorageError& error) {
    if (error.kind() != Kind::kRejected && error.kind() != Kind::kInvariant) {
      connected_ = false;
    }
    throw;
  } catch (const std::exception& error) {
    connected_ = false;
    throw StorageError{stage == Stage::kWriting ? Kind::kInDoubt : Kind::kUnavailable,
                       std::string{"the store in memory: "} + error.what()};
  }
}

/// Makes one call under the lock of the store, with the injected failure.
template <class Call>
auto MemoryRepository::perform(Stage stage, Call call) -> decltype(call()) {
  return translate(stage, [&] {
    const std::lock_guard lock{store_->mutex_};
    std::optional<MemoryStore::Failure> failure;
    if (!store_->failures_.empty()) {
      failure = store_->failures_.front();
      store_->failures_.pop_front();
    }
    const auto fail = [&] { throw StorageError{failure->kind, "the store in memory fails as a test requested"}; };
    if (failure && !failure->after_effect) {
      fail();
    }
    if (!connected_ && stage != Stage::kConnecting) {
      throw StorageError{Kind::kUnavailable, "the store in memory is not connected: take over first"};
    }
    auto result = call();
    if (failure) {
      fail();
    }
    return result;
  });
}

StoreSurvey MemoryRepository::survey() {
  return perform(Stage::kConnecting, [&] {
    return StoreSurvey{store_->rows(), store_->programs_, store_->program_changes(0).changes};
  });
}

std::variant<Leadership, HeldBy> MemoryRepository::take_over(WallTime /*at*/, const Lease& /*lease*/) {
  connected_ = false;
  auto taken = perform(Stage::kConnecting, [&]() -> std::variant<Leadership, HeldBy> {
    if (holder_->was_replaced(store_->epoch_, store_->holder_)) {
      return HeldBy{store_->epoch_, {}, {}};
    }
    check_extents(store_->rows());
    if (store_->heads_.store == StoreId{}) store_->heads_.store = make_store_id();
    chains_->compare(store_->heads_, {}, [&](SemesterId chain, Seq seq) { return store_->read_seal(chain, seq); });
    Leadership found;
    found.epoch = ++store_->epoch_;
    store_->holder_ = holder_->text();
    for (MemoryStore::Semester& semester : store_->semesters_) semester.row.epoch = found.epoch;
    found.semesters = store_->rows();
    chains_->note(store_->heads_, {});
    found.program_count = store_->programs_.size();
    for (const auto& semester : store_->semesters_) {
      if (!semester.messages.empty()) found.newest_at = std::max(found.newest_at, semester.messages.back().at);
    }
    return found;
  });
  if (const auto* leadership = std::get_if<Leadership>(&taken)) {
    holder_->leads(leadership->epoch);
    connected_ = true;
  }
  return taken;
}

// These three do not use up the failures that a test has asked for: when they come is the clock's to say.

CommitResult MemoryRepository::renew(Epoch epoch, std::chrono::milliseconds /*duration*/) {
  const std::lock_guard lock{store_->mutex_};
  return store_->epoch_ > epoch ? CommitResult::kReplaced : CommitResult::kCommitted;
}

CommitResult MemoryRepository::resign(Epoch epoch) { return renew(epoch, {}); }

StoreWatch MemoryRepository::watch() {
  const std::lock_guard lock{store_->mutex_};
  connected_ = true;
  StoreWatch seen;
  if (holder_->was_replaced(store_->epoch_, store_->holder_)) seen.held = HeldBy{store_->epoch_, {}, {}};
  seen.heads = heads_of(store_->rows());
  chains_->compare(store_->heads_, {}, [&](SemesterId chain, Seq seq) { return store_->read_seal(chain, seq); });
  chains_->note(store_->heads_, {});
  return seen;
}

std::vector<CatalogProgram> MemoryRepository::read_catalog(ProgramId after) {
  return perform(Stage::kReading, [&] {
    const auto first = std::min(static_cast<std::size_t>(after), store_->programs_.size());
    return std::vector<CatalogProgram>(std::next(store_->programs_.begin(), static_cast<std::ptrdiff_t>(first)),
                                       store_->programs_.end());
  });
}

ProgramChanges MemoryRepository::read_program_changes(Seq after) {
  return perform(Stage::kReading, [&] { return store_->program_changes(after); });
}

CatalogState MemoryRepository::read_catalog_state(const std::string& command_id,
                                                  const std::vector<std::string>& earlier) {
  return perform(Stage::kReading, [&] { return store_->catalog_state(command_id, earlier); });
}

void MemoryRepository::read_ledger(SemesterId semester, Seq first, Seq last, Columns /*columns*/, const RowSink& sink) {
  auto read = std::max<Seq>(first, 1) - 1;
  std::vector<LedgerRow> piece;
  const auto read_piece = [&] {
    piece.clear();
    const MemoryStore::Semester* const stored = store_->find(semester);
    const auto end = stored == nullptr ? read : std::min<Seq>(last, std::ssize(stored->entries));
    while (read < end && std::cmp_less(piece.size(), kLedgerPieceEntries)) {
      piece.push_back(stored->row_at(++read));
    }
    return read < end;
  };
  bool has_more = perform(Stage::kReading, read_piece);
  // Outside of the lock: the sink may use the store.
  translate(Stage::kReading, [&] {
    while (!piece.empty() && sink(std::move(piece)) && has_more) {
      const std::lock_guard lock{store_->mutex_};
      has_more = read_piece();
    }
  });
}

bool MemoryRepository::add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) {
  return perform(Stage::kWriting, [&] {
    if (store_->epoch_ != epoch) {
      return false;
    }
    const auto faculties = store_->add_programs(programs);
    store_->enter(additions_to_registry(programs, faculties), at);
    chains_->on_registered(store_->heads_.ends[kRegistryId]);
    return true;
  });
}

CommitResult MemoryRepository::change_catalog(const CatalogChange& change) {
  return perform(Stage::kWriting, [&] {
    if (store_->epoch_ > change.epoch) return CommitResult::kReplaced;
    const auto state = store_->catalog_state(change.command_id, {});
    if (store_->epoch_ != change.epoch || state.head != change.base) return CommitResult::kBaseMoved;
    if (state.written > 0) throw StorageError{Kind::kInvariant, "the registry has that command"};
    if (change.note.actor.size() > kActorBytesMax || change.note.note.size() > kNoteBytesMax) {
      throw StorageError{Kind::kInvariant, "the note of a change of the catalogue is too long"};
    }
    const auto faculties = store_->add_programs(change.programs);
    store_->enter(entries_by_command(change.programs, change.changes, faculties, change.command_id, change.note),
                  change.at);
    const auto& end = store_->heads_.ends[kRegistryId];
    store_->registry_notes_.emplace(end.seq, change.note);
    chains_->on_registered(end);
    return CommitResult::kCommitted;
  });
}

Opening MemoryRepository::open_semester(Epoch epoch, const std::string& name, const Capacity& capacity, WallTime at) {
  return perform(Stage::kWriting, [&]() -> Opening {
    if (store_->epoch_ != epoch) {
      return {store_->epoch_ > epoch ? OpenResult::kReplaced : OpenResult::kBaseMoved};
    }
    for (const MemoryStore::Semester& semester : store_->semesters_) {
      if (semester.row.name == name) {
        return {OpenResult::kExists};
      }
    }
    const auto id = static_cast<SemesterId>(store_->semesters_.size()) + 1;
    LedgerEntry opened;
    opened.seq = 1;
    opened.kind = EntryKind::kSemesterOpened;
    opened.capacity = capacity;
    const StoredSemester row{id, name, epoch, 1, capacity, full_pool(capacity), true, capacity, 1};
    const SealedHead end{1, seal_of_opening(store_->heads_.store, id, capacity, at)};
    store_->semesters_.push_back({row, {opened}, {{1, std::nullopt, at}}, {}});
    store_->semesters_.back().seals.emplace(end.seq, end.seal);
    store_->heads_.ends[id] = end;
    store_->enter({semester_opened(id, name)}, at);
    chains_->on_registered(store_->heads_.ends[kRegistryId]);
    chains_->on_opened(id, end);
    return {OpenResult::kOpened, id};
  });
}

CommitResult MemoryRepository::commit(const Batch& batch) {
  check_batch(batch);
  return perform(Stage::kWriting, [&] {
    const auto result = store_->commit(batch, chains_->seal(batch));
    if (result == CommitResult::kCommitted) chains_->on_committed();
    return result;
  });
}

CommitResult MemoryRepository::change(const Change& change) {
  check_change(change);
  return perform(Stage::kWriting, [&] {
    const auto sealed = chains_->seal(change);
    const auto result = store_->change(change, sealed);
    if (result == CommitResult::kCommitted) chains_->on_changed(change.semester_id, *sealed);
    return result;
  });
}

void MemoryRepository::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  auto entries = perform(Stage::kReading, [&] { return store_->read_entries(semester, first, last); });
  if (!entries.empty()) sink(std::move(entries));
}

void MemoryRepository::read_grant(SemesterId semester, ProgramId program, std::int32_t generation,
                                  const EntrySink& sink) {
  read_entries(semester, 1, std::numeric_limits<Seq>::max(), [&](std::vector<StoredEntry> entries) {
    entries = entries_of_grant(std::move(entries), program, generation);
    if (!entries.empty()) sink(std::move(entries));
  });
}

CommitResult MemoryRepository::guard(Epoch epoch, std::span<const SemesterGuard> semesters) {
  return perform(Stage::kReading, [&] {
    if (store_->epoch_ > epoch) {
      return CommitResult::kReplaced;
    }
    for (const SemesterGuard& guarded : semesters) {
      const MemoryStore::Semester* const semester = store_->find(guarded.semester_id);
      if (semester == nullptr || semester->row.head != guarded.head) {
        return CommitResult::kBaseMoved;
      }
    }
    return CommitResult::kCommitted;
  });
}

}  // namespace dti
