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

/// The number of a program in the catalogue: 1, 2, 3, … in the order of addition, without gaps. 0 means no program.
using ProgramId = std::uint32_t;
using FacultyId = std::uint32_t;

/// A faculty and a program from one row of a catalogue file, with the spelling that people see.
struct CatalogRow {
  std::string faculty;
  std::string program;
  std::size_t line = 0;  // in the file, from 1; 0: the row does not come from a file

  friend bool operator==(const CatalogRow& row, const CatalogRow& other) {
    return row.faculty == other.faculty && row.program == other.program;
  }
};

/// A program and its faculty, by their names.
struct ProgramName {
  std::string faculty;
  std::string program;

  friend bool operator==(const ProgramName&, const ProgramName&) = default;
};

/// One program of the stored catalogue. The keys are stored too, so that a newer Unicode version does not change them.
struct CatalogProgram {
  ProgramId id = 0;
  FacultyId faculty_id = 0;
  std::string faculty_name;
  std::string faculty_key;
  std::string name;
  std::string key;

  friend bool operator==(const CatalogProgram&, const CatalogProgram&) = default;
};

/// A program that was given another name, or was retired. Source: docs/adr/0034-renamed-and-retired-programs.md
struct ProgramChange {
  std::int64_t seq = 0;  // of its entry in the registry
  ProgramId program = 0;
  FacultyId faculty_id = 0;  // which never changes
  std::string name;          // the new one; of a retired program, its name
  std::string key = {};      // of the new name; empty: the program is retired

  [[nodiscard]] bool retires() const { return key.empty(); }
  friend bool operator==(const ProgramChange&, const ProgramChange&) = default;
};

/// An error in a catalogue file.
struct CatalogFault {
  std::size_t line = 0;    // from 1; 0: the error is not in one line
  std::size_t column = 0;  // the number of the cell, from 1; 0: the error is not in one cell
  std::string reason;
  // For lists of errors; the reason is a sentence without them.
  std::string heading = {};  // of the column, as the file spells it
  std::string value = {};    // of the cell
};

/// The errors of a catalogue that cannot be used, at least one.
struct CatalogFaults {
  static constexpr std::size_t kListedMax = 50;  // more would be too much to read

  void add(CatalogFault fault) {
    if (listed.size() == kListedMax) {
      ++more;
    } else {
      listed.push_back(std::move(fault));
    }
  }

  std::vector<CatalogFault> listed;
  std::size_t more = 0;  // the number of errors that are not listed
};

/// The content of a catalogue file.
struct CatalogFile {
  std::vector<CatalogRow> rows;
  bool is_windows_1252 = false;  // the bytes are not Unicode and were read as Windows-1252
};

/// All that a catalogue file has: its good rows and its errors.
struct CatalogReading {
  CatalogFile file;                  // without repeats
  std::vector<CatalogFault> faults;  // in the order of the file
  std::string faculty_heading;       // the words of the header
  std::string program_heading;
};

/// Reads a catalogue file that a spreadsheet or a student system wrote: CSV with a header that names the columns
/// faculty and program. A repeated pair is not an error. Source: docs/operations.md, Catalogue files.
/// @return the pairs in the order of the file, without repeats; or all errors of the file
[[nodiscard]] std::variant<CatalogFile, CatalogFaults> parse_catalog(std::string_view bytes);

/// The same, with every error and the rows beside them.
[[nodiscard]] CatalogReading read_catalog_file(std::string_view bytes);

/// Two different spellings that count as one name, in quotes for a message. If people may not see the difference, the
/// spellings have escapes.
[[nodiscard]] std::pair<std::string, std::string> shown_apart(const std::string& name, const std::string& other);

/// The text of data/catalog.csv: the ten faculties that a new store gets if no catalogue was given.
[[nodiscard]] std::string_view default_catalog();

/// The faculties and their programs. The server loads them from the store; programs can be added, renamed and retired, but
/// not removed. A name that a program has had is never another program's: it means nothing to find_program().
/// Thread: one that changes it, or any number that read.
class Catalog {
 public:
  /// Adds programs that were read from the store.
  /// @param programs  in the order of their ids; the first id is size() + 1
  /// @return false, without adding any, if the ids are not consecutive or a key exists already
  [[nodiscard]] bool add(const std::vector<CatalogProgram>& programs);

  /// Renames or retires a program. The same change a second time changes nothing.
  /// @return false, and nothing changed, if there is no such program, or another program has, or had, the name
  [[nodiscard]] bool apply(const ProgramChange& change);
  /// Applies changes in their order. @return false if one could not be applied: the catalogue has those before it
  [[nodiscard]] bool apply(const std::vector<ProgramChange>& changes);

  /// How a new name for a program relates to this catalogue.
  struct Naming {
    enum class Kind { kNew, kSame, kOfAnother } kind = Kind::kNew;
    std::string key = {};          // kNew: the key of the name. It may be a name that the program has had
    ProgramId other = 0;           // kOfAnother: the program that has the name, or had it
    bool only_looks_like = false;  // kOfAnother: its name has different letters that look the same
  };
  [[nodiscard]] Naming place_name(ProgramId program, const std::string& name) const;

  /// How a row of a file relates to this catalogue.
  struct Placing {
    enum class Kind { kNew, kKnown, kFacultyClash, kProgramClash } kind = Kind::kNew;
    CatalogProgram program = {};   // kNew: the program to add
    std::uint32_t other = 0;       // the existing id. kKnown: of the program; clashes: of the name in another spelling
    bool only_looks_like = false;  // clashes: the existing name has different letters that look the same
  };
  [[nodiscard]] Placing place(const CatalogRow& row) const;

  /// Adds a program that place() returned as kNew.
  void put(const CatalogProgram& program);

  /// The programs of a file that this catalogue does not have, with ids from size() + 1.
  /// @return the additions; or an error for each name of the file that is another spelling of a name in this catalogue
  [[nodiscard]] std::variant<std::vector<CatalogProgram>, CatalogFaults> additions(
      const std::vector<CatalogRow>& rows) const;

  /// The faculty with that name, in any accepted spelling; 0 if there is none.
  [[nodiscard]] FacultyId find_faculty(std::string_view name) const;

  /// The program of the faculty with that name, in any accepted spelling; 0 if there is none.
  [[nodiscard]] ProgramId find_program(FacultyId faculty, std::string_view name) const;

  /// The same, also by a name that the program has had.
  [[nodiscard]] ProgramId find_by_any_name(FacultyId faculty, std::string_view name) const;

  /// find_program() for each program of a request, in the order of the request.
  [[nodiscard]] std::vector<ProgramId> find_programs(FacultyId faculty,
                                                     const std::vector<ProgramRequest>& programs) const;

  /// Explains why find_faculty() does not find a name: the reason why the text cannot be a name, or the names that it
  /// could mean. Empty if there is no explanation.
  [[nodiscard]] std::string why_no_faculty(std::string_view name) const;

  /// The program names that a name could mean; empty if there are none. At most 1 KiB. It does not check the text
  /// itself, because the faculty program does that.
  [[nodiscard]] std::string program_meanings(FacultyId faculty, std::string_view name) const;

  [[nodiscard]] const std::string& faculty_name(FacultyId faculty) const { return faculties_.name(faculty); }
  [[nodiscard]] const std::string& program_name(ProgramId program) const {
    return names_.name(programs_[program - 1].name);
  }
  [[nodiscard]] const std::string& program_key(ProgramId program) const {
    return keys_[programs_[program - 1].name - 1];
  }
  [[nodiscard]] FacultyId faculty_of(ProgramId program) const { return programs_[program - 1].faculty; }
  /// Tells whether a program gets no new grants.
  [[nodiscard]] bool is_retired(ProgramId program) const { return has_retired_ && programs_[program - 1].is_retired; }
  /// The last change of a program that was applied; 0: there was none.
  [[nodiscard]] std::int64_t last_change() const { return last_change_; }

  /// The number of faculties, which is also the highest FacultyId.
  [[nodiscard]] std::size_t faculty_count() const { return faculties_.size(); }
  /// The number of programs, which is also the highest ProgramId.
  [[nodiscard]] std::size_t size() const { return programs_.size(); }

 private:
  struct Program {
    std::uint32_t name = 0;  // its number in `names_`
    FacultyId faculty = 0;
    bool is_retired = false;
  };

  /// @param name  a number in `names_`, or 0  @return the program that has the name now; 0 if none has
  [[nodiscard]] ProgramId owner_now(std::uint32_t name) const;
  void add_name(ProgramId program, const std::string& name, const std::string& key);

  SpellingIndex faculties_;                // the scope is 0
  std::vector<std::string> faculty_keys_;  // the stored key of a faculty is faculty_keys_[id - 1]
  // Names stay in the index when their programs are renamed. Until one is, a name has the number of its program.
  SpellingIndex names_;            // the scope is the id of the faculty
  std::vector<std::string> keys_;  // the stored key of a name is keys_[number - 1]
  std::vector<ProgramId> owners_;  // owners_[number - 1]: the program that has the name, or had it
  std::vector<Program> programs_;  // programs_[id - 1]
  bool has_renamed_ = false;
  bool has_retired_ = false;
  std::int64_t last_change_ = 0;
};

}  // namespace dti
