#pragma once

#include <string>

#include "dti/domain/catalog_plan.hpp"
#include "dti/domain/status.hpp"
#include "dti/protocol/office_codec.hpp"

namespace dti {

/// The exit codes of the commands that change something. Source: docs/settings.md, Exit codes.
enum ChangeExit : int {
  kChangeDone = 0,
  kChangeRefused = 1,
  kChangeBadUse = 2,
  kChangeNotAllowed = 4,
  kChangeNotKnown = 5,
  kChangeUnreachable = 6,
  kChangeWouldBe = 10,
  kChangeInterrupted = 130,
};

/// The exit code for an error that a server has decided.
[[nodiscard]] ChangeExit exit_code_of(Status status);

/// What is true, as a sentence without its point: `Derecho Civil of Derecho holds … in 2025-10 (entry 9); left: …`.
[[nodiscard]] std::string facts_text(const OfficeMessage& message, const OfficeOutcome& outcome);

/// What the command does, unless it is about the catalogue: `release the grant of Derecho Civil of Derecho in 2025-10`.
[[nodiscard]] std::string change_text(const OfficeMessage& message);

/// Where a plan comes from, and its first programs: `the plan of new.csv adds 4 programs: Cine of Artes; …`.
[[nodiscard]] std::string plan_text(const CatalogPlan& plan);

/// A command line that shows more about what was changed.
[[nodiscard]] std::string next_command(const OfficeMessage& message);

}  // namespace dti
