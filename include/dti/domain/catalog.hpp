#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dti/domain/messages.hpp"
#include "dti/domain/name_index.hpp"

namespace dti {

/// A program's number in the catalogue: 1, 2, 3, … in the order of addition, without gaps. 0 is none.
using ProgramId = std::uint32_t;
using FacultyId = std::uint32_t;

/// One pair of a catalogue file, spelled as it is shown to people.
struct CatalogRow {
  std::string faculty;
  std::string program;

  friend bool operator==(const CatalogRow&, const CatalogRow&) = default;
};

/// One program of the stored catalogue. The keys are stored with it: a newer Unicode never re-keys a catalogue.
struct CatalogProgram {
  ProgramId id = 0;
  FacultyId faculty_id = 0;
  std::string faculty_name;
  std::string faculty_key;
  std::string name;
  std::string key;

  friend bool operator==(const CatalogProgram&, const CatalogProgram&) = default;
};

/// Why a catalogue cannot be used. Line 0: not the fault of one line.
struct CatalogFault {
  std::size_t line = 0;
  std::string reason;
};

/// Reads a catalogue file: CSV (RFC 4180), UTF-8, header `faculty,program`. A pair that repeats is no fault.
/// @return the pairs in the file's order, without repeats; or the first fault. Nothing of a file with a fault is used.
[[nodiscard]] std::variant<std::vector<CatalogRow>, CatalogFault> parse_catalog(std::string_view text);

/// The ten faculties that a store without a catalogue starts with (data/catalog.csv).
[[nodiscard]] std::string_view default_catalog();

/// Which programs exist, and whose they are. A value: loaded from the store, then only read and added to.
class Catalog {
 public:
  /// Adds programs read from the store.
  /// @param programs  in order of id, the first one's id being size() + 1
  /// @return false, and nothing added, if the ids do not continue or a key is taken
  [[nodiscard]] bool add(const std::vector<CatalogProgram>& programs);

  /// What a file adds to this catalogue: the programs it does not have, numbered on from size().
  /// @return the additions; or a fault if a name of the file is another spelling of one that is here
  [[nodiscard]] std::variant<std::vector<CatalogProgram>, CatalogFault> additions(
      const std::vector<CatalogRow>& rows) const;

  /// The faculty of that name, in any spelling that has its key; 0 if there is none.
  [[nodiscard]] FacultyId find_faculty(std::string_view name) const;

  /// The faculty's program of that name, in any spelling that has its key; 0 if there is none.
  [[nodiscard]] ProgramId find_program(FacultyId faculty, std::string_view name) const;

  /// find_program() for each of a request's programs, in its order.
  [[nodiscard]] std::vector<ProgramId> find_programs(FacultyId faculty,
                                                     const std::vector<ProgramRequest>& programs) const;

  /// How many programs there are, which is also the highest ProgramId.
  [[nodiscard]] std::size_t size() const { return program_names_.size(); }

 private:
  NameIndex faculty_ids_;                   // by key
  NameIndex program_ids_;                   // by faculty and key
  NameIndex spelled_program_ids_;           // by faculty and name as spelled: who spells it so needs no key
  std::vector<std::string> faculty_names_;  // faculty_names_[id - 1], as spelled
  std::vector<std::string> program_names_;  // program_names_[id - 1], as spelled
};

}  // namespace dti
