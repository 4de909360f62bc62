#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/service/pipeline/commit_pipeline.hpp"
#include "simulation/checks/checks.hpp"
#include "simulation/hosts/virtual_repository.hpp"
#include "simulation/hosts/virtual_store.hpp"
#include "simulation/hosts/virtual_store_worker.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"
#include "transport/zeromq/envelope.hpp"

namespace dti::simulation {

/// A message's frames, without routing id.
using Frames = std::vector<std::string>;

using CommandOutcome = std::variant<OpenSemesterOutcome, OfficeOutcome>;

/// A machine that runs a server, kills it, freezes it, and starts it again: does what Server::Loop does, around the
/// same RequestHandler and CommitPipeline, with virtual time, messages and store.
class ServerHost {
 public:
  /// @param on_step  told of each step of a call of the store, from within the run
  ServerHost(World& world, const Plan& plan, const Names& names, VirtualStore& store, Checks& checks, std::size_t index,
             std::function<void(ServerHost&, Operation, Step)> on_step);
  ~ServerHost();
  ServerHost(const ServerHost&) = delete;
  ServerHost& operator=(const ServerHost&) = delete;

  /// A message arrives. @param reply  carries the reply's frames back; may be called long after
  void deliver(const Frames& frames, std::function<void(const Frames&)> reply);

  /// A command of the office arrives. @param reply  carries the outcome back, of the kind of the command; may be called
  ///   long after
  void deliver(Command command, std::function<void(const CommandOutcome&)> reply);

  // What happens to it.
  void start();
  void crash();
  void freeze(Time duration);
  void stop();  // SIGTERM
  void cut_store();
  void silence_store(Time duration);
  void set_wall_clock_back(Time by);
  /// Not if a store without a clock of its own would have to trust that clock: a server that begins to lead then.
  void set_wall_clock_ahead(Time by);
  /// All is well from now on.
  void heal();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] bool runs() const { return process_ != nullptr; }
  [[nodiscard]] bool is_frozen() const { return world_.now() < frozen_until_; }
  /// Does it believe that it leads?
  [[nodiscard]] bool leads() const;
  /// Would it answer a health check, running as it does?
  [[nodiscard]] bool is_ready() const;
  /// How the store's lease names the process that runs.
  [[nodiscard]] std::string holder() const { return name_ + "/" + std::to_string(incarnation_); }
  [[nodiscard]] bool has_drift() const { return clock_ppm_ != 1'000'000; }
  /// The current call, and its progress.
  struct Call {
    Operation operation;
    Step step;
    std::uint64_t number = 0;  // of this process's calls
  };
  [[nodiscard]] std::optional<Call> call() const;
  /// Tells whether there is no current call and no waiting request.
  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] const Allocator& allocator() const;

 private:
  struct Incoming {
    Frames frames;
    std::function<void(const Frames&)> reply;
  };
  struct Route {
    std::function<void(const Frames&)> reply;
    Envelope envelope;
    AllocationRequest request;  // as far as it could be read
    Checks::Reply about;
  };
  struct WaitingCommand {
    Command command;
    std::function<void(const CommandOutcome&)> reply;
    Checks::Reply about;
  };
  class Port;
  struct Process;

  [[nodiscard]] Now local_now() const;
  void turn();
  void turn_soon();
  void schedule_tick();
  void handle(TakeOverPiece piece);
  void handle(StoreResult result);
  void note(const Ended<CommitCall>& commit);
  void note(const Ended<TakeOverCall>& take_over);
  void note(const auto&) {}
  void note(const Ended<OpenSemesterCall>& opening);
  void note(const Ended<LookUpCall>& look_up);
  void note(const Ended<ChangeCall>& changing);
  void take_commands();
  void expect_answer(const std::function<bool()>& waits);
  void perform_actions();
  void perform(const SendReply& answer);
  void perform(const SendOpenSemesterReply& answer);
  void perform(const SendOfficeReply& answer);
  void perform(const NoteOfficeChange& change);
  std::optional<WaitingCommand> take_waiting(Token token, const std::optional<RequestError>& error);
  void perform(StoreCall call);
  void perform(InterruptStore);
  void perform(AnnounceReady);
  void perform(AnnounceStandby);
  void perform(const LogEvent& event);
  void perform(Exit exit);
  void note_exit(const Exit& exit);
  void end_process();
  void restart_later(Time least, Time most);
  void wake_store_worker();
  [[nodiscard]] ServerState state() const;
  [[nodiscard]] Checks::Reply about_arrival() const;

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  const Names& names_;
  VirtualStore& store_;
  Checks& checks_;
  const std::size_t index_;
  const std::string name_;
  const std::function<void(ServerHost&, Operation, Step)> on_step_;

  std::unique_ptr<Process> process_;
  std::uint64_t incarnation_ = 0;

  bool start_is_due_ = false;
  Time frozen_until_{};
  bool turn_is_due_ = false;
  bool wake_is_due_ = false;  // of the store worker's fiber
  Time wall_offset_{};
  std::int64_t clock_ppm_ = 1'000'000;  // how far the steady clock goes in a second, in microseconds
};

}  // namespace dti::simulation
