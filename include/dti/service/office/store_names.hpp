#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/ledger_reader.hpp"

namespace dti {

/// Why a name means nothing, or too much: a clause for people.
struct NameFault {
  std::string reason;
};

/// The names of a store's semesters, faculties and programs. A name is understood in every spelling in which a server
/// understands it; an error explains as a server does. Thread: one that constructs it, or any number that read.
class StoreNames {
 public:
  /// @throws StorageError  kCorrupt: the catalogue contradicts itself
  explicit StoreNames(StoreSurvey survey);

  [[nodiscard]] const std::vector<StoredSemester>& semesters() const { return semesters_; }
  [[nodiscard]] std::size_t faculties() const { return faculties_; }
  [[nodiscard]] std::size_t programs() const { return catalog_.size(); }
  [[nodiscard]] const Catalog& catalog() const { return catalog_; }

  /// The semester with that name, open or closed. Without a name: the open semester, if there is only one.
  [[nodiscard]] std::variant<StoredSemester, NameFault> find_semester(const std::optional<std::string>& name) const;
  [[nodiscard]] std::variant<FacultyId, NameFault> find_faculty(std::string_view name) const;
  /// @param faculty  0: any, if only one has a program with that name
  [[nodiscard]] std::variant<ProgramId, NameFault> find_program(FacultyId faculty, std::string_view name) const;

  /// @param program  the number in a stored row
  /// @return the names as the catalogue spells them; none if the catalogue does not have the program
  [[nodiscard]] std::optional<ProgramName> find_name(std::int64_t program) const;
  /// @return 0: the catalogue does not have the program
  [[nodiscard]] FacultyId faculty_of(ProgramId program) const;

 private:
  [[nodiscard]] std::variant<StoredSemester, NameFault> only_open_semester() const;

  std::vector<StoredSemester> semesters_;
  Catalog catalog_;
  std::vector<FacultyId> faculty_of_;  // by ProgramId - 1
  FacultyId faculties_ = 0;
};

}  // namespace dti
