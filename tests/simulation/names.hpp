#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "simulation/random.hpp"

namespace dti::simulation {

/// Which faculties and programs there are, and who is meant by a spelling: known here because the spellings are made
/// here, not by asking the code that is tested.
class Names {
 public:
  Names(std::size_t faculties, std::size_t programs_each);

  [[nodiscard]] std::size_t faculty_count() const { return faculties_; }
  [[nodiscard]] std::size_t programs_each() const { return programs_each_; }
  [[nodiscard]] const std::vector<CatalogRow>& rows() const { return rows_; }

  [[nodiscard]] std::string faculty(std::size_t faculty) const { return rows_.at(faculty * programs_each_).faculty; }
  [[nodiscard]] std::string program(std::size_t faculty, std::size_t program) const {
    return rows_.at(faculty * programs_each_ + program).program;
  }
  /// The same name, in another spelling that means the same.
  [[nodiscard]] std::string respelled_faculty(std::size_t faculty, Random& random);
  [[nodiscard]] std::string respelled_program(std::size_t faculty, std::size_t program, Random& random);
  /// A name that belongs to no program.
  [[nodiscard]] static std::string unknown(Random& random);

  /// The row of the catalogue that a spelling means; none if there is no such row.
  [[nodiscard]] std::optional<std::size_t> find(const std::string& faculty, const std::string& program) const;
  [[nodiscard]] bool knows_faculty(const std::string& faculty) const { return faculty_of_.contains(faculty); }

 private:
  const std::size_t faculties_;
  const std::size_t programs_each_;
  std::vector<CatalogRow> rows_;
  std::map<std::string, std::size_t> faculty_of_;                          // by spelling
  std::map<std::pair<std::size_t, std::string>, std::size_t> program_of_;  // by faculty and spelling: the row
};

}  // namespace dti::simulation
