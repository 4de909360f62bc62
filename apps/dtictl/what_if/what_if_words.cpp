#include "dtictl/what_if/what_if_words.hpp"

#include "dti/base/utf8_prefix.hpp"
#include "dti/cli/escape.hpp"
#include "dti/service/ledger/quantity_text.hpp"
#include "dtictl/counted.hpp"

namespace dti {
namespace {

std::string fault_line(const RequestFault& fault) {
  auto line = "line " + std::to_string(fault.line);
  if (fault.column.empty()) return line + ": " + printable(fault.reason);
  constexpr std::size_t kShownMax = 100;
  std::string value{utf8_prefix(fault.value, kShownMax)};
  if (value.size() < fault.value.size()) value += "…";
  line += ", column " + printable(fault.column) + ": ";
  return line + (value.empty() ? "the value" : quoted_text(value)) + ' ' + printable(fault.reason);
}

std::string policy_text(const WhatIfOptions& options) {
  return options.policy ? "a round by " + std::string{policy_name(*options.policy)} : "one after the other";
}

std::string waiting_line(const Plan& plan) {
  if (!plan.waiting) return {};
  const auto& [programs, top_ups] = *plan.waiting;
  const auto first =
      top_ups == 0 ? "none of them gets more" : counted(top_ups, "of them gets", "of them get") + " more first";
  return "the semester has a wait list: " + counted(programs, "program waits", "programs wait") + ", and " + first +
         '\n';
}

std::string totals_line(const WhatIfOptions& options, const Plan& plan) {
  const auto& totals = plan.totals;
  auto line = counted(plan.requests.size(), "request", "requests") + ", " + policy_text(options) + ": " +
              counted(totals.whole, "gets", "get") + " all, " + counted(totals.part, "gets", "get") + " a part, " +
              counted(totals.none, "gets", "get") + " nothing";
  if (totals.holding > 0) line += "; " + counted(totals.holding, "holds", "hold") + " a grant already";
  return line + '\n';
}

std::string comparison_line(const PlanTotals& totals) {
  return "compared with first come, which grants " + text_of(totals.first_come) + ": " +
         counted(totals.gaining, "program gains ", "programs gain ") + counted(totals.gained, "room", "rooms") + ", " +
         counted(totals.losing, "program loses ", "programs lose ") + counted(totals.lost, "room", "rooms") + '\n';
}

std::string notes(const WhatIfOptions& options, const RequestFile& file, const StoredSemester& semester) {
  std::string lines;
  const auto uses = [&](Policy policy) { return options.policy == policy; };
  const auto miss = [&](const char* column, const char* meaning) {
    lines += std::string{"note: the file has no column "} + column + ", so " + meaning + '\n';
  };
  if (!semester.is_open) lines += "note: the semester is closed, so a server rejects requests for it\n";
  if (file.is_windows_1252) lines += "note: the file is not Unicode, and was read as Windows-1252\n";
  if (uses(Policy::kPriority) && !file.has_classes) miss("class", "all programs have class 1");
  if (uses(Policy::kWeighted) && !file.has_weights) miss("weight", "all programs have weight 1");
  if (uses(Policy::kFloors) && !file.has_floors) miss("floor", "all programs have floor 0");
  return lines;
}

}  // namespace

std::string fault_lines(const std::string& file, const RequestFaults& faults) {
  std::string lines;
  for (const auto& fault : faults) lines += printable(file) + ", " + fault_line(fault) + '\n';
  return lines + counted(faults.size(), "error", "errors") + "; nothing was decided\n";
}

std::string summary(const WhatIfOptions& options, const RequestFile& file, const StoredSemester& semester,
                    const Pool& left, const Plan& plan) {
  auto lines = "semester " + quoted_text(semester.name) + " at entry " + std::to_string(semester.head) + ": left " +
               text_of(semester.left) + '\n';
  if (options.capacity) {
    lines += "with a capacity of " + text_of(*options.capacity) + ", left would be " + text_of(left) + '\n';
  }
  lines += waiting_line(plan) + totals_line(options, plan);
  lines += "wanted " + text_of(plan.totals.wanted) + "; granted " + text_of(plan.totals.granted) + "; left after it " +
           text_of(plan.left) + '\n';
  if (options.policy && *options.policy != Policy::kFirstCome) lines += comparison_line(plan.totals);
  return lines + notes(options, file, semester);
}

std::string lots_line(Seq sealed) {
  const auto source = sealed == 0 ? std::string{"without a seal"} : "from the seal of entry " + std::to_string(sealed);
  return "ties are decided by provisional lots, drawn " + source + "; a round has lots of its own\n";
}

}  // namespace dti
