#include "core/load_catalog.hpp"

#include <algorithm>
#include <ostream>
#include <unordered_map>
#include <utility>

namespace dti::bench {
namespace {

std::string numbered(std::string_view what, std::uint32_t number, std::uint32_t last) {
  const auto width = std::max<std::size_t>(4, std::to_string(last).size());
  const auto digits = std::to_string(number);
  return std::string{what} + ' ' + std::string(width - digits.size(), '0') + digits;
}

}  // namespace

LoadCatalog LoadCatalog::made(std::uint32_t faculties, std::uint32_t programs_each) {
  LoadCatalog catalog;
  catalog.ends_.reserve(std::size_t{faculties} * programs_each);
  catalog.names_.reserve(std::size_t{faculties} * programs_each * numbered("Program", 1, programs_each).size());
  for (std::uint32_t faculty = 1; faculty <= faculties; ++faculty) {
    catalog.add_faculty(numbered("Faculty", faculty, faculties));
    for (std::uint32_t program = 1; program <= programs_each; ++program) {
      catalog.add_program(numbered("Program", program, programs_each));
    }
  }
  return catalog;
}

LoadCatalog LoadCatalog::of(const std::vector<CatalogRow>& rows) {
  std::vector<std::pair<std::string_view, std::vector<std::string_view>>> by_faculty;  // in the order of the file
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& row : rows) {
    const auto [found, is_new] = places.try_emplace(row.faculty, by_faculty.size());
    if (is_new) by_faculty.emplace_back(row.faculty, std::vector<std::string_view>{});
    by_faculty[found->second].second.push_back(row.program);
  }
  LoadCatalog catalog;
  for (const auto& [faculty, programs] : by_faculty) {
    catalog.add_faculty(std::string{faculty});
    for (const auto program : programs) catalog.add_program(program);
  }
  return catalog;
}

std::string_view LoadCatalog::program_name(std::uint32_t program) const {
  const auto begin = program == 0 ? 0 : ends_[program - 1];
  return std::string_view{names_}.substr(begin, ends_[program] - begin);
}

void LoadCatalog::add_faculty(std::string name) {
  faculties_.push_back({std::move(name), static_cast<std::uint32_t>(ends_.size()), 0});
}

void LoadCatalog::add_program(std::string_view name) {
  names_ += name;
  ends_.push_back(names_.size());
  ++faculties_.back().count;
}

void write_made_catalog(std::ostream& out, std::uint32_t faculties, std::uint32_t programs_each) {
  out << "faculty,program\n";
  for (std::uint32_t faculty = 1; faculty <= faculties; ++faculty) {
    const auto start = numbered("Faculty", faculty, faculties) + ',';
    for (std::uint32_t program = 1; program <= programs_each; ++program) {
      out << start << numbered("Program", program, programs_each) << '\n';
    }
  }
}

}  // namespace dti::bench
