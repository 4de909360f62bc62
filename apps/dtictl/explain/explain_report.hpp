#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/service/office/store_names.hpp"
#include "dti/service/planning/explain.hpp"

namespace dti {

/// What dtictl explain tells about a grant.
struct ExplainReport {
  GrantExplanation grant;
  ProgramName names;
  std::string semester;
  std::size_t earlier_grants = 0;
  std::vector<Seq> capacity_changes;  // after the grant
  std::optional<Seq> closed_at;
  Seq head = 0;
  Pool left_now;                                        // at the head
  std::optional<WaitingNow> waiting = {};               // at the head
  std::optional<std::string> passed_over = {};          // why, if the program waits and can use nothing of what is left
  std::function<ProgramName(ProgramId)> names_of = {};  // of the other programs
};

/// The report for people, as lines.
[[nodiscard]] std::string explanation_text(const ExplainReport& report);

/// The report as one JSON object, with a line feed. Source: docs/what-if.md, Explain.
[[nodiscard]] std::string explanation_json(const ExplainReport& report);

}  // namespace dti
