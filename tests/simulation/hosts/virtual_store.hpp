#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dti/repository/memory/memory_repository.hpp"
#include "simulation/checks/checks.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A server's end of a connection: what the store's steps bring about there.
class StoreClient {
 public:
  StoreClient() = default;
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;
  virtual ~StoreClient() = default;

  virtual void on_step(Operation operation, Step step) = 0;
  virtual void on_answer() = 0;
};

/// One connection to the store. Its statements may outlive it.
struct Connection {
  StoreClient* client = nullptr;  // null: its process is dead
  bool is_broken = false;
  Time silent_until{};  // nothing passes before
};

/// One statement on its way to the store, there, and its answer on its way back.
struct Statement {
  Operation operation = Operation::kCommit;
  std::shared_ptr<Connection> connection;
  std::function<void()> apply;   // does it to the store, and keeps what came of it
  std::function<void()> refuse;  // keeps that the store refused it; none: this one is never refused
  Step step = Step::kUnsent;
  bool is_answered = false;
  bool is_delayed = false;  // arrives late, by a broken connection
};

/// Does the change top programs up?
[[nodiscard]] bool tops_up(const Change& change);
/// Does the change hold a round?
[[nodiscard]] bool holds_a_round(const Change& change);
/// Do holds expire by the change? If it does neither, it is of a command or of a request about a hold.
[[nodiscard]] bool expires(const Change& change);

/// Who leads, until when by the store's clock, as the databases keep it in a row.
struct LeaseRow {
  std::string holder;  // a server's process
  Epoch epoch = 0;
  std::string endpoint;
  Time until{};  // 0: released, or never leased
};

/// A database server: what is stored is in a MemoryStore, which the contract suite holds to the Repository's text; here
/// is the way to it, in steps that take time, and what can go wrong at each.
class VirtualStore {
 public:
  VirtualStore(World& world, const Plan& plan, Checks& checks, std::shared_ptr<MemoryStore> store)
      : world_(world), plan_(plan), checks_(checks), store_(std::move(store)) {}

  /// Sends a statement; it is carried out although its connection may break meanwhile.
  void send(const std::shared_ptr<Statement>& statement);
  /// Does nothing for so long; what arrives waits.
  void stall(Time duration);
  /// No faults of its own from now on.
  void heal();

  [[nodiscard]] const std::shared_ptr<MemoryStore>& store() const { return store_; }
  [[nodiscard]] Checks& checks() { return checks_; }
  /// By its own clock; none: it has none.
  [[nodiscard]] std::optional<WallTime> time() const {
    return plan_.has_database_clock ? std::optional{wall_time(world_.now())} : std::nullopt;
  }

  // What statements do to the lease, at the moment in which they are applied.
  [[nodiscard]] std::optional<HeldBy> held_by_another(const std::string& holder) const;
  void lease_to(const std::string& holder, Epoch epoch, const Lease& lease);
  /// @param duration  from now on; 0: gives it up
  [[nodiscard]] CommitResult change_lease(Epoch epoch, std::chrono::milliseconds duration);
  [[nodiscard]] const LeaseRow& lease() const { return lease_; }

 private:
  void arrive(const std::shared_ptr<Statement>& statement);
  void apply(const std::shared_ptr<Statement>& statement);
  void leave(const std::shared_ptr<Statement>& statement);
  void deliver(const std::shared_ptr<Statement>& statement);
  void enter(Statement& statement, Step step);
  /// Goes on with `then` when the connection lets something pass, if it does not now. @return did it have to wait?
  bool waits_for_link(const std::shared_ptr<Statement>& statement,
                      void (VirtualStore::*then)(const std::shared_ptr<Statement>&));
  bool waits_for_store(const std::shared_ptr<Statement>& statement,
                       void (VirtualStore::*then)(const std::shared_ptr<Statement>&));

  World& world_;
  const Plan& plan_;
  Checks& checks_;
  const std::shared_ptr<MemoryStore> store_;
  LeaseRow lease_;
  Time stalled_until_{};
  bool is_healed_ = false;
};

}  // namespace dti::simulation
