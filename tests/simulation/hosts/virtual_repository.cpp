#include "simulation/hosts/virtual_repository.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace dti::simulation {
namespace {

using Kind = StorageError::Kind;

constexpr Time kBeforeSending{50};

/// Of the names of the cells about the change.
std::string prefix(const Change& change) {
  return tops_up(change) ? "top-up/" : expires(change) ? "expiry/" : "change/";
}

Operation operation_of(const Change& change) {
  return tops_up(change) ? Operation::kTopUp : expires(change) ? Operation::kExpire : Operation::kChange;
}

}  // namespace

VirtualRepository::VirtualRepository(World& world, VirtualStore& store, std::string holder, StoreWorkerHooks hooks)
    : world_(world),
      store_(store),
      holder_(std::move(holder)),
      hooks_(std::move(hooks)),
      stored_(std::make_shared<MemoryRepository>(store.store())),
      connection_(std::make_shared<Connection>(Connection{.client = nullptr, .is_broken = true, .silent_until = {}})) {}

VirtualRepository::~VirtualRepository() {
  connection_->is_broken = true;
  connection_->client = nullptr;
}

void VirtualRepository::connect() {
  connection_->is_broken = true;
  connection_ =
      std::make_shared<Connection>(Connection{.client = this, .is_broken = false, .silent_until = silent_until_});
}

void VirtualRepository::cut() {
  if (std::exchange(connection_->is_broken, true)) return;
  hooks_.wake();
}

void VirtualRepository::interrupt() noexcept { cut(); }

void VirtualRepository::silence(Time duration) {
  silent_until_ = std::max(silent_until_, world_.now() + duration);
  connection_->silent_until = silent_until_;
}

void VirtualRepository::heal() {
  silent_until_ = Time{0};
  connection_->silent_until = Time{0};
}

/// Sends a statement and waits for its answer. @param call  what the store makes of it; has its own copies
template <class Call>
auto VirtualRepository::perform(Operation operation, Stage stage, Call call) -> decltype(call()) {
  using Answer = std::variant<std::monostate, decltype(call()), StorageError>;
  if (stage == Stage::kConnecting) connect();
  const auto connection = connection_;
  const auto fail = [&](Kind kind) { throw StorageError{kind, "the connection to the store broke"}; };
  const auto unsent = stage == Stage::kConnecting ? Kind::kUnreachable : Kind::kUnavailable;
  if (connection->is_broken) fail(unsent);

  const auto answer = std::make_shared<Answer>();
  const auto statement = std::make_shared<Statement>();
  statement->operation = operation;
  statement->connection = connection;
  statement->apply = [answer, call = std::move(call)] {
    try {
      answer->template emplace<1>(call());
    } catch (const StorageError& error) {
      answer->template emplace<2>(error);
    }
  };
  if (operation == Operation::kCommit || operation == Operation::kGuard || operation == Operation::kOpenSemester ||
      operation == Operation::kChange || operation == Operation::kTopUp || operation == Operation::kExpire) {
    statement->refuse = [answer] {
      answer->template emplace<2>(StorageError{Kind::kRejected, "the store has no room"});
    };
  }

  hooks_.on_step(operation, Step::kUnsent);
  const auto is_due = std::make_shared<bool>(false);
  world_.after(world_.time_between(Time{1}, kBeforeSending), [this, connection, is_due] {
    *is_due = true;
    if (connection->client != nullptr) hooks_.wake();  // else the process is dead, and this object with it
  });
  while (!*is_due && !connection->is_broken) hooks_.suspend();
  if (!connection->is_broken) store_.send(statement);
  while (!statement->is_answered && !connection->is_broken) hooks_.suspend();

  if (!statement->is_answered) {
    fail(statement->step != Step::kUnsent && stage == Stage::kWriting ? Kind::kInDoubt : unsent);
  }
  if (auto* const error = std::get_if<2>(answer.get())) {
    if (error->kind() == Kind::kInvariant) world_.violate("constraints-of-the-store", error->what());
    throw StorageError{*error};
  }
  return std::get<1>(std::move(*answer));
}

StoreSurvey VirtualRepository::survey() {
  return perform(Operation::kSurvey, Stage::kConnecting, [stored = stored_] { return stored->survey(); });
}

std::variant<Leadership, HeldBy> VirtualRepository::take_over(WallTime at, const Lease& lease) {
  // A repository of its own each time: the one in memory would not take a lead back, and the lease is kept here.
  auto fresh = std::make_shared<MemoryRepository>(store_.store());
  auto taken = perform(has_led_ ? Operation::kTakeOverAnew : Operation::kTakeOver, Stage::kConnecting,
                       [store = &store_, fresh, holder = holder_, at, lease]() -> std::variant<Leadership, HeldBy> {
                         if (auto held = store->held_by_another(holder)) return *std::move(held);
                         auto found = fresh->take_over(at, lease);
                         std::get<Leadership>(found).database_time = store->time();
                         store->lease_to(holder, std::get<Leadership>(found).epoch, lease);
                         return found;
                       });
  if (std::holds_alternative<HeldBy>(taken)) {
    world_.cells.reach("take-over/held-by-another");
    return taken;
  }
  stored_ = std::move(fresh);
  has_led_ = true;
  if (const auto semester = std::exchange(opening_in_doubt_, std::nullopt)) {
    world_.cells.reach(store_.store()->find_semester(*semester) ? "command/in-doubt/was-stored"
                                                                : "command/in-doubt/was-not-stored");
  }
  if (const auto change = std::exchange(change_in_doubt_, nullptr)) {
    const auto* const found = store_.checks().has_stored(*change) ? "in-doubt/was-stored" : "in-doubt/was-not-stored";
    world_.cells.reach(prefix(*change) + found);
    if (holds_a_round(*change)) world_.cells.reach(std::string{"round/"} + found);
  }
  if (const auto batch = std::exchange(in_doubt_, nullptr)) {
    world_.cells.reach(store_.checks().has_stored(*batch) ? "commit/in-doubt/was-stored"
                                                          : "commit/in-doubt/was-not-stored");
  }
  return taken;
}

CommitResult VirtualRepository::renew(Epoch epoch, std::chrono::milliseconds duration) {
  const auto result = perform(Operation::kRenew, Stage::kWriting,
                              [store = &store_, epoch, duration] { return store->change_lease(epoch, duration); });
  if (result == CommitResult::kReplaced) world_.cells.reach("renew/replaced");
  return result;
}

CommitResult VirtualRepository::resign(Epoch epoch) {
  return perform(Operation::kRelease, Stage::kWriting,
                 [store = &store_, epoch] { return store->change_lease(epoch, std::chrono::milliseconds{0}); });
}

StoreWatch VirtualRepository::watch() {
  auto fresh = std::make_shared<MemoryRepository>(store_.store());
  auto seen = perform(Operation::kWatch, Stage::kConnecting, [store = &store_, fresh, holder = holder_] {
    auto found = fresh->watch();
    found.held = store->held_by_another(holder);
    return found;
  });
  stored_ = std::move(fresh);
  return seen;
}

std::vector<CatalogProgram> VirtualRepository::read_catalog(ProgramId after) {
  return perform(Operation::kReadCatalog, Stage::kReading,
                 [stored = stored_, after] { return stored->read_catalog(after); });
}

ProgramChanges VirtualRepository::read_program_changes(Seq after) {
  return stored_->read_program_changes(after);  // read_catalog() beside it has the faults of such a reading
}

CatalogState VirtualRepository::read_catalog_state(const std::string& command_id,
                                                   const std::vector<std::string>& earlier) {
  return perform(Operation::kLookUp, Stage::kReading,
                 [stored = stored_, command_id, earlier] { return stored->read_catalog_state(command_id, earlier); });
}

void VirtualRepository::read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) {
  auto rows = perform(Operation::kReadLedger, Stage::kReading, [stored = stored_, semester, first, last, columns] {
    std::vector<LedgerRow> read;
    stored->read_ledger(semester, first, last, columns, [&](const std::vector<LedgerRow>& piece) {
      read.insert(read.end(), piece.begin(), piece.end());
      return true;
    });
    return read;
  });
  // In small pieces, so that there are several.
  constexpr std::size_t kPiece = 7;
  for (std::size_t i = 0; i < rows.size(); i += kPiece) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), i + kPiece));
    if (!sink({begin, end})) return;
  }
}

void VirtualRepository::read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) {
  auto entries = perform(Operation::kLookUp, Stage::kReading, [stored = stored_, semester, first, last] {
    std::vector<StoredEntry> read;
    stored->read_entries(semester, first, last, [&](std::vector<StoredEntry> piece) { read = std::move(piece); });
    return read;
  });
  if (!entries.empty()) sink(std::move(entries));
}

void VirtualRepository::read_grant(SemesterId semester, ProgramId program, std::int32_t generation,
                                   const EntrySink& sink) {
  auto entries = perform(Operation::kLookUp, Stage::kReading, [stored = stored_, semester, program, generation] {
    std::vector<StoredEntry> read;
    stored->read_grant(semester, program, generation, [&](std::vector<StoredEntry> piece) { read = std::move(piece); });
    return read;
  });
  if (!entries.empty()) sink(std::move(entries));
}

bool VirtualRepository::add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) {
  return perform(Operation::kAddPrograms, Stage::kWriting,
                 [stored = stored_, epoch, programs, at] { return stored->add_programs(epoch, programs, at); });
}

CommitResult VirtualRepository::change_catalog(const CatalogChange& change) {
  return perform(Operation::kChange, Stage::kWriting,
                 [stored = stored_, change] { return stored->change_catalog(change); });
}

Opening VirtualRepository::open_semester(Epoch epoch, const std::string& name, const Capacity& capacity, WallTime at) {
  try {
    return perform(Operation::kOpenSemester, Stage::kWriting,
                   [world = &world_, stored = stored_, connection = connection_, epoch, name, capacity, at] {
                     const auto opening = stored->open_semester(epoch, name, capacity, at);
                     if (connection->is_broken && opening.result == OpenResult::kReplaced) {
                       world->cells.reach("command/late/fenced");
                     }
                     return opening;
                   });
  } catch (const StorageError& error) {
    if (error.kind() == Kind::kInDoubt) opening_in_doubt_ = name;
    if (error.kind() == Kind::kRejected) world_.cells.reach("command/rejected");
    throw;
  }
}

CommitResult VirtualRepository::commit(const Batch& batch) {
  const auto copy = std::make_shared<const Batch>(batch);
  const auto connection = connection_;
  try {
    const auto result =
        perform(Operation::kCommit, Stage::kWriting,
                [this_store = &store_, world = &world_, stored = stored_, connection, copy, decided_at = decided_at_] {
                  auto& checks = this_store->checks();
                  const auto epoch_before = this_store->store()->epoch();
                  const auto committed = stored->commit(*copy);
                  checks.on_write(copy->epoch, copy->base, committed, epoch_before, decided_at);
                  if (connection->is_broken) {
                    world->cells.reach(committed == CommitResult::kCommitted ? "commit/late/stored-before-the-take-over"
                                                                             : "commit/late/fenced");
                  }
                  return committed;
                });
    if (result == CommitResult::kReplaced) world_.cells.reach("commit/replaced");
    return result;
  } catch (const StorageError& error) {
    if (error.kind() == Kind::kInDoubt) in_doubt_ = copy;
    if (error.kind() == Kind::kRejected) {
      world_.cells.reach(batch.messages.size() > 1 ? "commit/refused-batch-of-several" : "commit/refused-alone");
    }
    throw;
  }
}

CommitResult VirtualRepository::change(const Change& change) {
  const auto copy = std::make_shared<const Change>(change);
  try {
    const auto result = perform(
        operation_of(change), Stage::kWriting,
        [this_store = &store_, world = &world_, stored = stored_, connection = connection_, copy,
         decided_at = decided_at_] {
          auto& checks = this_store->checks();
          const auto epoch_before = this_store->store()->epoch();
          const auto changed = stored->change(*copy);
          checks.on_write(copy->epoch, copy->base, changed, epoch_before, decided_at);
          if (connection->is_broken) {
            world->cells.reach(prefix(*copy) + (changed == CommitResult::kCommitted ? "late/stored-before-the-take-over"
                                                                                    : "late/fenced"));
          }
          return changed;
        });
    if (result == CommitResult::kReplaced) world_.cells.reach(prefix(change) + "replaced");
    return result;
  } catch (const StorageError& error) {
    if (error.kind() == Kind::kInDoubt) change_in_doubt_ = copy;
    if (error.kind() == Kind::kRejected) {
      if (tops_up(change)) {
        store_.checks().on_top_ups_rejected(change);
      } else if (expires(change)) {
        world_.cells.reach(change.entries.size() > 1 ? "expiry/rejected-with-others" : "expiry/rejected-alone");
      } else {
        world_.cells.reach(prefix(change) + "rejected");
      }
    }
    throw;
  }
}

CommitResult VirtualRepository::guard(Epoch epoch, std::span<const SemesterGuard> semesters) {
  try {
    const auto result = perform(Operation::kGuard, Stage::kReading,
                                [stored = stored_, epoch, copy = std::vector(semesters.begin(), semesters.end())] {
                                  return stored->guard(epoch, copy);
                                });
    if (result == CommitResult::kReplaced) world_.cells.reach("guard/replaced");
    if (result == CommitResult::kBaseMoved) world_.violate("base-stays", "a guard found another head");
    return result;
  } catch (const StorageError& error) {
    if (error.kind() == Kind::kRejected) world_.cells.reach("guard/refused");
    throw;
  }
}

}  // namespace dti::simulation
