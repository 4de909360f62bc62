#pragma once

#include <functional>
#include <span>
#include <string>
#include <variant>

#include "dtictl/office/office_options.hpp"

namespace dti {

/// The store cannot answer a question, because it has no such semester, faculty or program.
struct Unanswerable {
  UsageExit exit;
};

/// Runs a command: reads its options, and does its work, which prints to stdout.
/// @param work  may throw Unanswerable, StorageError or another std::exception
/// @return the exit code: of `work`; or 1 or 2, with a line on stderr
[[nodiscard]] int run_office(const ReadCommand& command, std::span<const std::string> args,
                             const std::function<int(const OfficeOptions&)>& work);

/// The same with options that the command has read in its own way.
[[nodiscard]] int run_office(const ReadCommand& command, const std::variant<OfficeOptions, UsageExit>& parsed,
                             const std::function<int(const OfficeOptions&)>& work);

/// A sentence for people, on stderr.
void say(const ReadCommand& command, const std::string& text);

}  // namespace dti
