#include "dti/domain/catalog_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/domain/name.hpp"
#include "dti/domain/office_command.hpp"

namespace dti {
namespace {

constexpr std::size_t kStepBytesMax = 500'000;  // of a message; a frame has twice as much, for escapes

/// The names of a catalogue by their loose_key(), to find those that look alike.
class LooseNames {
 public:
  /// @return the name that was added first with the same loose_key(); empty if there is none
  [[nodiscard]] std::string find(std::uint32_t scope, const std::string& name) const {
    const auto found = names_.find({scope, loose_key(name)});
    return found == names_.end() ? std::string{} : found->second;
  }
  void add(std::uint32_t scope, const std::string& name) {
    if (auto key = loose_key(name); !key.empty()) names_.try_emplace({scope, std::move(key)}, name);
  }

 private:
  std::map<std::pair<std::uint32_t, std::string>, std::string> names_;
};

class Comparison {
 public:
  Comparison(const std::vector<CatalogProgram>& stored, const std::vector<ProgramChange>& changes,
             const CatalogReading& reading)
      : reading_(reading), faults_(reading.faults) {
    DTI_CHECK(catalog_.add(stored) && catalog_.apply(changes));
    stored_ = catalog_.size();
    for (const auto& program : stored) note(program);
    for (const auto& change : changes) programs_.add(change.faculty_id, change.name);
  }

  void add(const CatalogRow& row) {
    using Kind = Catalog::Placing::Kind;
    auto placed = catalog_.place(row);
    switch (placed.kind) {
      case Kind::kNew: return plan(row, placed.program);
      case Kind::kKnown:
        if (placed.other <= stored_) known_.insert(placed.other);
        return;
      case Kind::kFacultyClash:
        return clash(row, "faculty", reading_.faculty_heading, row.faculty, catalog_.faculty_name(placed.other));
      case Kind::kProgramClash:
        return clash(row, "program", reading_.program_heading, row.program, catalog_.program_name(placed.other));
    }
  }

  std::variant<CatalogComparison, std::vector<CatalogFault>> finish() {
    std::stable_sort(faults_.begin(), faults_.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    if (!faults_.empty()) return std::move(faults_);
    result_.unchanged = known_.size();
    result_.not_named = stored_ - known_.size();
    return std::move(result_);
  }

 private:
  void plan(const CatalogRow& row, const CatalogProgram& program) {
    PlannedProgram planned{row};
    planned.adds_faculty = program.faculty_id > catalog_.faculty_count();
    if (planned.adds_faculty) {
      planned.faculty_alike = faculties_.find(0, row.faculty);
      ++result_.faculties_added;
    }
    planned.program_alike = programs_.find(program.faculty_id, row.program);
    if (!planned.faculty_alike.empty() || !planned.program_alike.empty()) ++result_.alike;
    note(program);
    catalog_.put(program);
    result_.added.push_back(std::move(planned));
  }

  void note(const CatalogProgram& program) {
    faculties_.add(0, program.faculty_name);
    programs_.add(program.faculty_id, program.name);
  }

  void clash(const CatalogRow& row, const std::string& what, const std::string& heading, const std::string& name,
             const std::string& other) {
    const auto [one, two] = shown_apart(name, other);
    faults_.push_back(
        {row.line, 0, "the " + what + " " + one + " is in the store as " + two + ": use that spelling", heading, name});
  }

  const CatalogReading& reading_;
  Catalog catalog_;
  std::size_t stored_ = 0;  // programs of the catalogue
  LooseNames faculties_;
  LooseNames programs_;
  std::set<ProgramId> known_;
  CatalogComparison result_;
  std::vector<CatalogFault> faults_;
};

}  // namespace

std::variant<CatalogComparison, std::vector<CatalogFault>> compare_catalog(const std::vector<CatalogProgram>& stored,
                                                                           const std::vector<ProgramChange>& changes,
                                                                           const CatalogReading& reading) {
  Comparison comparison{stored, changes, reading};
  for (const auto& row : reading.file.rows) comparison.add(row);
  return comparison.finish();
}

std::string step_id(const CatalogPlan& plan, std::size_t number) { return plan.id + '-' + std::to_string(number); }

std::vector<std::vector<CatalogRow>> split_into_steps(std::vector<CatalogRow> rows) {
  std::vector<std::vector<CatalogRow>> steps;
  std::size_t bytes = 0;
  const std::string* faculty = nullptr;  // rows of one faculty that follow each other have its name once
  for (auto& row : rows) {
    const bool continues = faculty != nullptr && *faculty == row.faculty;
    bytes += row.program.size() + (continues ? 3 : row.faculty.size() + 32);  // with the JSON around them
    if (steps.empty() || bytes > kStepBytesMax || steps.back().size() == kCatalogRowsMax) {
      steps.emplace_back();
      bytes = row.program.size() + row.faculty.size() + 32;
    }
    steps.back().push_back(std::move(row));
    faculty = &steps.back().back().faculty;
  }
  return steps;
}

}  // namespace dti
