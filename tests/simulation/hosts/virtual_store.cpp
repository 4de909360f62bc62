#include "simulation/hosts/virtual_store.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace dti::simulation {
namespace {

constexpr Time kWayLeast{20};  // between a server and the store
constexpr Time kWayMost{300};
constexpr Time kHealthyLeast{10};  // a statement takes in the store
constexpr Time kHealthyMost{10'000};
constexpr Time kLateMost{8'000'000};  // of a statement that arrives after its connection broke
constexpr Time kOrderSpread{2'000};   // those that waited for one thing go on in any order

bool changes_store(Operation operation) {
  return operation != Operation::kSurvey && operation != Operation::kReadCatalog &&
         operation != Operation::kReadLedger && operation != Operation::kLookUp && operation != Operation::kGuard &&
         operation != Operation::kWatch && operation != Operation::kRenew && operation != Operation::kRelease;
}

std::string_view name_of(Operation operation) { return kOperationNames.at(static_cast<std::size_t>(operation)); }

}  // namespace

bool tops_up(const Change& change) {
  return change.entries.front().row.cause == static_cast<std::int64_t>(Cause::kToppedUp);
}

bool holds_a_round(const Change& change) { return change.entries.front().row.kind == stored_code(EntryKind::kRound); }

bool expires(const Change& change) {
  return change.entries.back().row.cause == static_cast<std::int64_t>(Cause::kExpired);
}

void VirtualStore::send(const std::shared_ptr<Statement>& statement) {
  world_.after(world_.time_between(kWayLeast, kWayMost), [this, statement] { arrive(statement); });
  enter(*statement, Step::kSent);
}

void VirtualStore::stall(Time duration) { stalled_until_ = std::max(stalled_until_, world_.now() + duration); }

void VirtualStore::heal() {
  is_healed_ = true;
  stalled_until_ = std::min(stalled_until_, world_.now());
}

std::optional<HeldBy> VirtualStore::held_by_another(const std::string& holder) const {
  if (holder == lease_.holder || lease_.until <= world_.now()) return std::nullopt;
  const auto remaining = std::chrono::ceil<std::chrono::milliseconds>(lease_.until - world_.now());
  return HeldBy{lease_.epoch, lease_.endpoint, remaining};
}

void VirtualStore::lease_to(const std::string& holder, Epoch epoch, const Lease& lease) {
  if (lease_.epoch > 0 && lease_.holder != holder) {
    world_.cells.reach(lease_.until == Time{0} ? "take-over/of-a-lease-that-was-released"
                                               : "take-over/of-a-lease-that-ran-out");
  }
  lease_ = {.holder = holder, .epoch = epoch, .endpoint = lease.endpoint, .until = world_.now() + lease.duration};
}

CommitResult VirtualStore::change_lease(Epoch epoch, std::chrono::milliseconds duration) {
  if (store_->epoch() > epoch) return CommitResult::kReplaced;
  if (store_->epoch() < epoch || lease_.epoch != epoch) return CommitResult::kBaseMoved;
  lease_.until = duration.count() == 0 ? Time{0} : world_.now() + duration;
  return CommitResult::kCommitted;
}

void VirtualStore::enter(Statement& statement, Step step) {
  statement.step = step;
  auto* const client = statement.connection->client;
  if (client != nullptr && !statement.connection->is_broken) client->on_step(statement.operation, step);
}

bool VirtualStore::waits_for_link(const std::shared_ptr<Statement>& statement,
                                  void (VirtualStore::*then)(const std::shared_ptr<Statement>&)) {
  const auto until = statement->connection->silent_until;
  if (until <= world_.now()) return false;
  world_.after(until - world_.now() + world_.time_between(Time{1}, kOrderSpread),
               [this, statement, then] { (this->*then)(statement); });
  return true;
}

bool VirtualStore::waits_for_store(const std::shared_ptr<Statement>& statement,
                                   void (VirtualStore::*then)(const std::shared_ptr<Statement>&)) {
  if (stalled_until_ <= world_.now()) return false;
  world_.after(stalled_until_ - world_.now() + world_.time_between(Time{1}, kOrderSpread),
               [this, statement, then] { (this->*then)(statement); });
  return true;
}

void VirtualStore::arrive(const std::shared_ptr<Statement>& statement) {
  if (waits_for_link(statement, &VirtualStore::arrive)) return;
  if (statement->connection->is_broken && !statement->is_delayed) {
    if (!world_.random.chance(plan_.late))
      return world_.trace("store", std::string{name_of(statement->operation)} + " is lost");
    statement->is_delayed = true;
    world_.after(world_.time_between(kWayLeast, kLateMost), [this, statement] { arrive(statement); });
    return;
  }
  if (waits_for_store(statement, &VirtualStore::arrive)) return;
  enter(*statement, Step::kReached);
  const auto most = statement->operation == Operation::kTopUp ? plan_.top_ups_most : plan_.commit_most;
  const auto longest = is_healed_ ? std::min(most, kHealthyMost) : most;
  world_.after(world_.time_between(kHealthyLeast, longest), [this, statement] { apply(statement); });
}

void VirtualStore::apply(const std::shared_ptr<Statement>& statement) {
  if (waits_for_store(statement, &VirtualStore::apply)) return;
  // Seldom do several holds expire together.
  const auto refused = statement->operation == Operation::kExpire ? 2 * plan_.refused : plan_.refused;
  const bool is_refused = statement->refuse && !is_healed_ && world_.random.chance(refused);
  world_.trace("store", std::string{name_of(statement->operation)} + (is_refused ? " is refused" : " is done"));
  if (is_refused) {
    statement->refuse();
  } else {
    statement->apply();
    if (statement->operation == Operation::kTakeOver && statement->connection->client == nullptr) {
      world_.cells.reach("take-over/late-by-a-dead-server");
    }
  }
  if (changes_store(statement->operation)) checks_.on_store_changed();
  enter(*statement, Step::kApplied);
  world_.after(world_.time_between(Time{1}, kWayLeast), [this, statement] { leave(statement); });
}

void VirtualStore::leave(const std::shared_ptr<Statement>& statement) {
  if (statement->connection->is_broken) return;
  enter(*statement, Step::kAnswering);
  world_.after(world_.time_between(kWayLeast, kWayMost), [this, statement] { deliver(statement); });
}

void VirtualStore::deliver(const std::shared_ptr<Statement>& statement) {
  if (waits_for_link(statement, &VirtualStore::deliver)) return;
  if (statement->connection->is_broken) return;
  statement->is_answered = true;
  statement->connection->client->on_answer();
}

}  // namespace dti::simulation
