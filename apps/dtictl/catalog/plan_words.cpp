#include "dtictl/catalog/plan_words.hpp"

#include <cstddef>

#include "dti/base/utf8_prefix.hpp"
#include "dti/cli/escape.hpp"
#include "dtictl/counted.hpp"

namespace dti {
namespace {

/// The beginning of a value that a message can show.
std::string shown(const std::string& value) {
  constexpr std::size_t kShownMax = 100;
  const auto text = quoted_text(std::string{utf8_prefix(value, kShownMax)});
  return value.size() <= kShownMax ? text : text + "…";
}

std::string fault_line(const CatalogFault& fault) {
  auto line = "line " + std::to_string(fault.line);
  if (!fault.heading.empty()) line += ", column " + printable(fault.heading);
  if (!fault.value.empty()) line += ", " + shown(fault.value);
  return line + ": " + printable(fault.reason);
}

}  // namespace

std::string fault_lines(const std::string& file, const std::vector<CatalogFault>& faults) {
  std::string lines;
  for (const auto& fault : faults) lines += printable(file) + ", " + fault_line(fault) + '\n';
  return lines + counted(faults.size(), "error", "errors") + "; nothing was planned\n";
}

std::string alike_text(const PlannedProgram& planned) {
  const auto& [row, adds_faculty, faculty, program] = planned;
  return faculty + (faculty.empty() || program.empty() ? "" : ", ") + program;
}

std::string plan_summary(const CatalogPlan& plan, const CatalogComparison& comparison, bool is_windows_1252,
                         const std::optional<std::string>& output) {
  auto lines = "+ " + counted(comparison.added.size(), "program", "programs") + " to add, with " +
               counted(comparison.faculties_added, "new faculty", "new faculties") +
               "\n= " + counted(comparison.unchanged, "program is", "programs are") + " there already\n";
  if (comparison.not_named > 0) {
    lines += "note: " + counted(comparison.not_named, "program", "programs") +
             " of the catalogue that the file does not have would stay\n";
  }
  if (comparison.alike > 0) {
    lines += "note: " + counted(comparison.alike, "new name looks", "new names look") +
             " like another one (column looks-like): are they spellings of it?\n";
  }
  if (is_windows_1252) lines += "note: the file is not Unicode, and was read as Windows-1252\n";
  lines += "plan " + plan.id + '\n';
  if (output && !comparison.added.empty()) lines += "next: dtictl catalog apply " + printable(*output) + '\n';
  return lines;
}

}  // namespace dti
