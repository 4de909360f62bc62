#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dti/repository/memory/memory_repository.hpp"
#include "dti/service/ledger/repository.hpp"
#include "simulation/hosts/virtual_store.hpp"

namespace dti::simulation {

/// What a server's process does for its repository.
struct StoreWorkerHooks {
  std::function<void()> suspend;  // waits, in the store worker's fiber, until it is woken
  std::function<void()> wake;     // from outside of the fiber: lets it go on, when the process runs
  std::function<void(Operation, Step)> on_step;
};

/// The Repository of a simulated server: each call is a statement that goes to the virtual store and waits, in virtual
/// time, for its answer. Calls are made within the store worker's fiber, the rest comes from outside of it.
class VirtualRepository final : public Repository, private StoreClient {
 public:
  /// @param holder  names this process in the store's lease
  VirtualRepository(World& world, VirtualStore& store, std::string holder, StoreWorkerHooks hooks);
  ~VirtualRepository() override;

  [[nodiscard]] StoreSurvey survey() override;
  [[nodiscard]] std::variant<Leadership, HeldBy> take_over(WallTime at, const Lease& lease) override;
  [[nodiscard]] std::optional<UnsealedPart> seal_older(Epoch, WallTime) override { return std::nullopt; }
  [[nodiscard]] CommitResult renew(Epoch epoch, std::chrono::milliseconds duration) override;
  [[nodiscard]] CommitResult resign(Epoch epoch) override;
  [[nodiscard]] StoreWatch watch() override;
  [[nodiscard]] std::vector<CatalogProgram> read_catalog(ProgramId after) override;
  [[nodiscard]] ProgramChanges read_program_changes(Seq after) override;
  [[nodiscard]] CatalogState read_catalog_state(const std::string& command_id,
                                                const std::vector<std::string>& earlier) override;
  void read_ledger(SemesterId semester, Seq first, Seq last, Columns columns, const RowSink& sink) override;
  void read_entries(SemesterId semester, Seq first, Seq last, const EntrySink& sink) override;
  void read_grant(SemesterId semester, ProgramId program, std::int32_t generation, const EntrySink& sink) override;
  [[nodiscard]] bool add_programs(Epoch epoch, const std::vector<CatalogProgram>& programs, WallTime at) override;
  [[nodiscard]] CommitResult change_catalog(const CatalogChange& change) override;
  [[nodiscard]] Opening open_semester(Epoch epoch, const std::string& name, const Capacity& capacity,
                                      WallTime at) override;
  [[nodiscard]] CommitResult commit(const Batch& batch) override;
  [[nodiscard]] CommitResult change(const Change& change) override;
  [[nodiscard]] CommitResult guard(Epoch epoch, std::span<const SemesterGuard> semesters) override;
  void interrupt() noexcept override;

  /// The connection breaks, and the current call throws.
  void cut();
  /// Nothing passes for so long, on this connection and on those after it.
  void silence(Time duration);
  void heal();
  /// What the next call writes has been decided now.
  void note_decided() { decided_at_ = world_.now(); }

 private:
  enum class Stage { kConnecting, kReading, kWriting };

  template <class Call>
  auto perform(Operation operation, Stage stage, Call call) -> decltype(call());
  void connect();
  void on_step(Operation operation, Step step) override { hooks_.on_step(operation, step); }
  void on_answer() override { hooks_.wake(); }

  World& world_;
  VirtualStore& store_;
  const std::string holder_;
  const StoreWorkerHooks hooks_;
  std::shared_ptr<MemoryRepository> stored_;  // what the store makes of this server's statements
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<const Batch> in_doubt_;        // the batch of a commit that failed in doubt, until a take-over tells
  std::optional<std::string> opening_in_doubt_;  // the semester, as for in_doubt_
  std::shared_ptr<const Change> change_in_doubt_;
  Time silent_until_{};
  bool has_led_ = false;
  Time decided_at_{};
};

}  // namespace dti::simulation
