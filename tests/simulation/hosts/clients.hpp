#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dti/domain/messages.hpp"
#include "simulation/checks/checks.hpp"
#include "simulation/hosts/faculty_host.hpp"
#include "simulation/hosts/server_host.hpp"
#include "simulation/names.hpp"
#include "simulation/network.hpp"
#include "simulation/world.hpp"

namespace dti::simulation {

/// A program of a faculty. It repeats its request until it gets a final reply. Later it repeats the request, also with
/// another spelling or other numbers, like a program that an operator runs again.
class ProgramClient {
 public:
  ProgramClient(World& world, const Plan& plan, Names& names, Network& network, Checks& checks, FacultyHost& faculty,
                Node node, std::size_t faculty_index, std::size_t program_index);

  /// Begins to send requests, and continues until the time with faults is over.
  void start();
  /// Asks a last time, for each semester, what it asked first.
  void ask_last();
  /// Waits it for no answer?
  [[nodiscard]] bool is_done() const { return open_asks_ == 0; }
  [[nodiscard]] std::string waits_for() const;

 private:
  struct Ask {
    RoomRequest request;
    std::uint64_t number = 0;  // of the try
    bool is_open = false;
  };

  void ask_next();
  void ask(std::size_t index);
  void ask_later(std::size_t index, Time least, Time most);
  void on_answer(std::size_t index, std::uint64_t number, const Frames& frames);
  [[nodiscard]] RoomRequest draw_request();

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  Names& names_;
  Network& network_;
  Checks& checks_;
  FacultyHost& faculty_;
  const Node node_;
  const std::size_t faculty_index_;
  const std::size_t program_index_;
  std::vector<Want> wants_;  // by semester: what it asks for, when it does not ask for something else

  std::vector<Ask> asks_;
  std::size_t open_asks_ = 0;
};

/// A client of the servers that sends messages that our faculty never sends: a program twice in one message, unknown
/// names, other numbers, no programs, text that is not a request, and late copies of its own messages.
class HostileClient {
 public:
  HostileClient(World& world, const Plan& plan, Names& names, Network& network, std::vector<ServerHost*> servers,
                Node node);

  void start();
  [[nodiscard]] bool is_done() const { return !is_open_; }
  [[nodiscard]] const std::string& waits_for() const { return frames_.front(); }

 private:
  void ask_next();
  void ask();
  void on_reply(std::uint64_t number, const Frames& frames);
  [[nodiscard]] Frames draw_message();
  [[nodiscard]] AllocationRequest draw_request();

  // Fixed after construction.
  World& world_;
  const Plan& plan_;
  Names& names_;
  Network& network_;
  const std::vector<ServerHost*> servers_;
  const Node node_;

  Frames frames_{""};
  std::uint64_t number_ = 0;  // of the try
  bool is_open_ = false;
};

}  // namespace dti::simulation
