#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/domain/messages.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti::fixtures {

/// Programs `p1` … of faculty `f1`, then those of `f2` …, with `programs_each` programs in each faculty.
inline std::vector<CatalogProgram> catalog(std::size_t faculties, std::size_t programs_each) {
  std::vector<CatalogProgram> programs;
  for (std::size_t f = 1; f <= faculties; ++f) {
    for (std::size_t p = 1; p <= programs_each; ++p) {
      const auto faculty = "f" + std::to_string(f);
      const auto program = "p" + std::to_string(p);
      programs.push_back({.id = static_cast<ProgramId>(programs.size() + 1),
                          .faculty_id = static_cast<FacultyId>(f),
                          .faculty_name = faculty,
                          .faculty_key = faculty,
                          .name = program,
                          .key = program});
    }
  }
  return programs;
}

inline ProgramRequest ask(std::string program, Quantity classrooms, Quantity labs) {
  return {.correlation_id = "id-" + program, .name = std::move(program), .want = {classrooms, labs}};
}

inline AllocationRequest request(std::string semester, std::string faculty, std::vector<ProgramRequest> programs) {
  return {.semester = std::move(semester),
          .faculty_name = std::move(faculty),
          .programs = std::move(programs),
          .request_id = {}};
}

inline LedgerEntry opened(const Capacity& capacity) {
  return {.seq = 1, .kind = EntryKind::kSemesterOpened, .want = {}, .grant = {}, .capacity = capacity};
}

inline LedgerEntry granted(Seq seq, ProgramId program, const Want& want, const Grant& grant) {
  return {.seq = seq, .kind = EntryKind::kGranted, .program_id = program, .want = want, .grant = grant, .capacity = {}};
}

}  // namespace dti::fixtures
