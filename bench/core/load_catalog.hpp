#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/catalog.hpp"

namespace dti::bench {

/// The programs that requests are made of, faculty by faculty. A value of some 16 bytes a program.
class LoadCatalog {
 public:
  struct Faculty {
    std::string name;
    std::uint32_t first = 0;  // its programs are first, first + 1, …
    std::uint32_t count = 0;
  };

  /// A made catalogue: "Faculty 0001", … each with "Program 0001", …; more digits where four are too few.
  [[nodiscard]] static LoadCatalog made(std::uint32_t faculties, std::uint32_t programs_each);

  /// The catalogue of a file, as dti::parse_catalog() gives it; a faculty's rows need not stand together.
  [[nodiscard]] static LoadCatalog of(const std::vector<CatalogRow>& rows);

  [[nodiscard]] std::span<const Faculty> faculties() const { return faculties_; }
  [[nodiscard]] std::size_t program_count() const { return ends_.size(); }
  /// @param program  0 to program_count() - 1
  [[nodiscard]] std::string_view program_name(std::uint32_t program) const;

 private:
  void add_faculty(std::string name);
  void add_program(std::string_view name);  // of the faculty added last

  std::vector<Faculty> faculties_;
  std::string names_;                // of all programs, one after the other
  std::vector<std::uint64_t> ends_;  // where each name ends
};

/// Writes LoadCatalog::made() as the CSV that dti_server --catalog reads, without holding it in memory.
void write_made_catalog(std::ostream& out, std::uint32_t faculties, std::uint32_t programs_each);

}  // namespace dti::bench
