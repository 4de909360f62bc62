#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/seals/seal.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// The id of the registry's chain; no semester has it.
inline constexpr SemesterId kRegistryId = 0;

/// The kind of an entry of the registry.
enum class RegistryKind : std::uint8_t {
  kFacultyAdded = 1,
  kProgramAdded = 2,
  kSemesterOpened = 3,
  kLedgerSealed = 4,
  kSemesterClosed = 5,
  kSemesterReopened = 6,
  kProgramRenamed = 7,
  kProgramRetired = 8,
};

/// A stored row of the registry, not validated: what was added to the catalogue and to the semesters, in order.
struct RegistryEntry {
  Seq seq = 0;
  std::int64_t at = 0;            // microseconds since 1970, UTC
  std::int64_t kind = 0;          // the code
  StoredNumber faculty_id = {};   // faculty-added, program-added, -renamed, -retired
  StoredNumber program_id = {};   // program-added, -renamed, -retired
  StoredNumber semester_id = {};  // the four kinds of semesters
  std::string name = {};
  std::optional<std::string> key = {};  // faculty-added, program-added, -renamed
  StoredNumber head = {};               // ledger-sealed: the last entry that the first seal of the ledger covers
  std::optional<Seal> head_seal = {};   // ledger-sealed: that seal; the ledger's row has none
  std::optional<Seal> seal = {};
  // Of the last entry of a command of the office that changed the catalogue.
  std::optional<std::string> command_id = {};
  std::optional<Seal> note_hash = {};  // hash_of() the note, which stands with semester_id kRegistryId

  friend bool operator==(const RegistryEntry&, const RegistryEntry&) = default;
};

/// Receives entries of the registry, in order of seq.
using RegistrySink = std::function<void(std::vector<RegistryEntry>)>;

[[nodiscard]] RegistryEntry faculty_added(FacultyId id, std::string name, std::string key);
[[nodiscard]] RegistryEntry program_added(const CatalogProgram& program);
[[nodiscard]] RegistryEntry program_changed(const ProgramChange& change);
/// The change of an entry. @return none: the entry is of another kind
[[nodiscard]] std::optional<ProgramChange> program_change_of(const RegistryEntry& entry);
[[nodiscard]] RegistryEntry semester_opened(SemesterId id, std::string name);
[[nodiscard]] RegistryEntry semester_closed(SemesterId id, std::string name);
[[nodiscard]] RegistryEntry semester_reopened(SemesterId id, std::string name);
[[nodiscard]] RegistryEntry ledger_sealed(SemesterId id, std::string name, const SealedHead& end);

/// The sentence about an addition that the registry of a store lacks. @param entry  the one that it should have
[[nodiscard]] std::string unregistered_text(const RegistryEntry& entry);

/// The entries for programs that are added to a catalogue of `faculties` faculties, and for the faculties that they add.
[[nodiscard]] std::vector<RegistryEntry> additions_to_registry(const std::vector<CatalogProgram>& programs,
                                                               std::int64_t faculties);

/// The same for a command that adds programs, or that changes some: the last entry has its id and the hash of its note.
/// @param programs, changes  at least one
[[nodiscard]] std::vector<RegistryEntry> entries_by_command(const std::vector<CatalogProgram>& programs,
                                                            const std::vector<ProgramChange>& changes,
                                                            std::int64_t faculties, const std::string& command_id,
                                                            const CommandNote& note);

/// Numbers the entries from the one after `end` on, gives them the time, and seals them together: the last one keeps the
/// seal. @return the new end
[[nodiscard]] SealedHead seal_registry(const StoreId& store, const SealedHead& end, std::int64_t at,
                                       std::vector<RegistryEntry>& entries);

}  // namespace dti
