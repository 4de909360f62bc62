#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/office_command.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/names.hpp"
#include "simulation/network.hpp"
#include "simulation/plan.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A person in the office who changes grants and semesters, as `dtictl` does: reads what is true, tries a dry run, and sends
/// the command until there is a reply. Sometimes a late copy of the command follows, and sometimes a colleague comes first.
class Registrar {
 public:
  Registrar(World& world, const Plan& plan, const Names& names, Network& network, std::vector<ServerHost*> servers,
            Node node);

  void start();
  [[nodiscard]] bool is_done() const { return !is_open_; }
  [[nodiscard]] const std::string& waits_for() const { return command_.id; }

 private:
  enum class Stage { kReading, kDryRun, kCommand, kLateCopy };

  void command_next();
  [[nodiscard]] OfficeCommand::Change draw_change();
  [[nodiscard]] ProgramName draw_program();
  void begin(Stage stage);
  void send();
  void send_later();
  void on_reply(std::uint64_t number, const OfficeOutcome& outcome);
  [[nodiscard]] std::optional<Stage> next_stage(const OfficeOutcome& outcome);
  void check_late_copy(const OfficeOutcome& outcome);

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  const Names& names_;
  Network& network_;
  const std::vector<ServerHost*> servers_;
  const Node node_;

  OfficeCommand command_;
  Stage stage_ = Stage::kReading;
  bool has_changed_ = false;  // something, by the reply to the first copy
  std::uint64_t command_count_ = 0;
  std::uint64_t number_ = 0;  // of the try
  bool is_open_ = false;
};

}  // namespace dti::simulation
