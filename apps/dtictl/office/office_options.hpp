#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/cli/lists/list_settings.hpp"
#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

// The commands of the office that read a store: each is a list or a record. Source: docs/office.md

/// The options of one of them.
struct OfficeOptions {
  Settings settings;  // also the command's own
  StoreAddress store;
  std::chrono::milliseconds store_timeout{10'000};
  ListChoice list;

  /// The value of a text setting; none if it was not given.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
    return settings.has(name) ? std::optional{settings.text(name)} : std::nullopt;
  }
};

[[nodiscard]] Setting semester_setting();
[[nodiscard]] Setting faculty_setting();

/// A command: its own settings, and those that each of these commands has.
struct ReadCommand {
  std::string name;     // `dtictl grant list`
  std::string purpose;  // a paragraph
  std::vector<Setting> settings = {};
  std::vector<ColumnHead> columns;
  std::vector<std::pair<std::string, std::string>> examples;
  std::string operand = {};
  std::string other_failure = {};  // another reason for the exit code 1, as a clause
  std::vector<std::pair<int, std::string>> more_exit_codes = {};
};
[[nodiscard]] AppDescription describe(const ReadCommand& command);

/// @param args  the command line after the command's name
/// @return the options; or how to end: help and version with 0, incorrect usage with 2
[[nodiscard]] std::variant<OfficeOptions, UsageExit> parse_office_options(const ReadCommand& command,
                                                                          std::span<const std::string> args,
                                                                          const Surroundings& surroundings);

}  // namespace dti
