#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/office_command.hpp"
#include "dti/repository/memory/memory_repository.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/names.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A person in the office who changes grants, semesters and wait lists, as `dtictl` does: reads what is true, tries a dry run, and sends
/// the command until there is a reply. Sometimes a late copy of the command follows, and sometimes a colleague comes first.
class Registrar {
 public:
  Registrar(World& world, const Plan& plan, const Names& names, Network& network, std::shared_ptr<MemoryStore> stored,
            std::vector<ServerHost*> servers, Node node);

  void start();
  [[nodiscard]] bool is_done() const { return !is_open_; }
  [[nodiscard]] const std::string& waits_for() const { return command_.id; }

 private:
  enum class Stage { kReading, kDryRun, kCommand, kLateCopy };

  void command_next();
  [[nodiscard]] OfficeCommand::Change draw_change();
  [[nodiscard]] const std::string& draw_semester();
  [[nodiscard]] ProgramName draw_program();
  [[nodiscard]] ProgramName draw_holder();
  [[nodiscard]] OfficeCommand::Change draw_about_hold();
  [[nodiscard]] OfficeCommand::Change draw_round();
  [[nodiscard]] bool has_open_round(const std::string& name) const;
  [[nodiscard]] RoundPlan draw_plan_of_round();
  [[nodiscard]] ResizeSemester draw_capacity();
  [[nodiscard]] SetQuota draw_quota();
  [[nodiscard]] std::vector<MemoryStore::Entry> entries() const;
  [[nodiscard]] bool has_wait_list() const;
  [[nodiscard]] Time draw_pause();
  void begin(Stage stage);
  void send();
  void send_later();
  void on_reply(std::uint64_t number, ServerHost& server, const OfficeOutcome& outcome);
  [[nodiscard]] std::optional<Stage> next_stage(const OfficeOutcome& outcome);
  void check_late_copy(const OfficeOutcome& outcome);

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  const Names& names_;
  Network& network_;
  const std::shared_ptr<MemoryStore> stored_;
  const std::vector<ServerHost*> servers_;
  const Node node_;

  ServerHost* leader_ = nullptr;  // which replied last as one; null: not known
  OfficeCommand command_;
  std::optional<RunRound> round_;  // that was planned last
  Stage stage_ = Stage::kReading;
  bool has_changed_ = false;  // something, by the reply to the first copy
  std::uint64_t command_count_ = 0;
  std::uint64_t number_ = 0;  // of the try
  bool is_open_ = false;
};

}  // namespace dti::simulation
