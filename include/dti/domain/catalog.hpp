#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dti/domain/messages.hpp"
#include "dti/domain/spelling_index.hpp"

namespace dti {

/// A program's number in the catalogue: 1, 2, 3, … in the order of addition, without gaps. 0 is none.
using ProgramId = std::uint32_t;
using FacultyId = std::uint32_t;

/// One pair of a catalogue file, spelled as it is shown to people.
struct CatalogRow {
  std::string faculty;
  std::string program;
  std::size_t line = 0;  // where its file has it; 0: it is of no file

  friend bool operator==(const CatalogRow& row, const CatalogRow& other) {
    return row.faculty == other.faculty && row.program == other.program;
  }
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

/// Something in a catalogue file that cannot be used.
struct CatalogFault {
  std::size_t line = 0;    // 0: it is not of one line
  std::size_t column = 0;  // the number of the cell; 0: it is not of one cell
  std::string reason;
};

/// Why a catalogue cannot be used: at least one fault.
struct CatalogFaults {
  static constexpr std::size_t kListedMax = 50;  // what people read at once

  void add(CatalogFault fault) {
    if (listed.size() == kListedMax) {
      ++more;
    } else {
      listed.push_back(std::move(fault));
    }
  }

  std::vector<CatalogFault> listed;
  std::size_t more = 0;  // that are not listed
};

/// What a catalogue file has.
struct CatalogFile {
  std::vector<CatalogRow> rows;
  bool is_windows_1252 = false;  // how its bytes were read, since they are not Unicode
};

/// Reads a catalogue file as spreadsheets and student systems write it: CSV with a header that names the columns faculty
/// and program. docs/operations.md (Catalogue files) says what is accepted. A pair that repeats is no fault.
/// @return the pairs in the file's order, without repeats; or every fault. Nothing of a file with a fault is used.
[[nodiscard]] std::variant<CatalogFile, CatalogFaults> parse_catalog(std::string_view bytes);

/// Two names that count as one, in quotes: as they are, or with escapes where people may not see the difference.
[[nodiscard]] std::pair<std::string, std::string> shown_apart(const std::string& name, const std::string& other);

/// The ten faculties that a store without a catalogue starts with (data/catalog.csv).
[[nodiscard]] std::string_view default_catalog();

/// Which programs exist, and whose they are. A value: loaded from the store, then only read and added to.
class Catalog {
 public:
  /// Adds programs read from the store.
  /// @param programs  in order of id, the first one's id being size() + 1
  /// @return false, and nothing added, if the ids do not continue or a key is taken
  [[nodiscard]] bool add(const std::vector<CatalogProgram>& programs);

  /// What a row means to a catalogue.
  struct Placing {
    enum class Kind { kNew, kKnown, kFacultyClash, kProgramClash } kind = Kind::kNew;
    CatalogProgram program = {};  // kNew: what is to be added
    std::uint32_t other = 0;      // kFacultyClash, kProgramClash: whose name it is, in another spelling; kKnown: its id
    bool only_looks_like = false;  // kFacultyClash, kProgramClash: that name has other letters, which look the same
  };
  [[nodiscard]] Placing place(const CatalogRow& row) const;

  /// Adds what place() returned as new.
  void put(const CatalogProgram& program);

  /// What a file adds to this catalogue: the programs it does not have, numbered on from size().
  /// @return the additions; or a fault for each name of the file that is another spelling of one that is here
  [[nodiscard]] std::variant<std::vector<CatalogProgram>, CatalogFaults> additions(
      const std::vector<CatalogRow>& rows) const;

  /// The faculty of that name, in any spelling that means it; 0 if there is none.
  [[nodiscard]] FacultyId find_faculty(std::string_view name) const;

  /// The faculty's program of that name, in any spelling that means it; 0 if there is none.
  [[nodiscard]] ProgramId find_program(FacultyId faculty, std::string_view name) const;

  /// find_program() for each of a request's programs, in its order.
  [[nodiscard]] std::vector<ProgramId> find_programs(FacultyId faculty,
                                                     const std::vector<ProgramRequest>& programs) const;

  /// What people should know of a name that is not found: why it can be no name, or which names it could mean. Empty if
  /// there is nothing to say.
  [[nodiscard]] std::string why_no_faculty(std::string_view name) const;

  /// The same of a program, but only which names it could mean; its faculty judges the name itself. At most 1 KiB.
  [[nodiscard]] std::string program_meanings(FacultyId faculty, std::string_view name) const;

  [[nodiscard]] const std::string& faculty_name(FacultyId faculty) const { return faculties_.name(faculty); }
  [[nodiscard]] const std::string& program_name(ProgramId program) const { return programs_.name(program); }

  /// How many programs there are, which is also the highest ProgramId.
  [[nodiscard]] std::size_t size() const { return programs_.size(); }

 private:
  SpellingIndex faculties_;                // in scope 0
  std::vector<std::string> faculty_keys_;  // faculty_keys_[id - 1], as stored
  SpellingIndex programs_;                 // in the scope of their faculty
};

}  // namespace dti
