#include "dti/service/ledger/registry.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dti/base/check.hpp"
#include "dti/service/ledger/ledger_seal.hpp"
#include "dti/service/ledger/storage_error.hpp"

namespace dti {
namespace {

constexpr std::int64_t code(RegistryKind kind) { return static_cast<std::int64_t>(kind); }

RegistryEntry about_semester(RegistryKind kind, SemesterId id, std::string name) {
  RegistryEntry entry{.kind = code(kind), .name = std::move(name)};
  entry.semester_id = id;
  return entry;
}

}  // namespace

RegistryEntry faculty_added(FacultyId id, std::string name, std::string key) {
  RegistryEntry entry{.kind = code(RegistryKind::kFacultyAdded), .name = std::move(name), .key = std::move(key)};
  entry.faculty_id = id;
  return entry;
}

RegistryEntry program_added(const CatalogProgram& program) {
  RegistryEntry entry{.kind = code(RegistryKind::kProgramAdded), .name = program.name, .key = program.key};
  entry.faculty_id = program.faculty_id;
  entry.program_id = program.id;
  return entry;
}

RegistryEntry program_changed(const ProgramChange& change) {
  const auto kind = change.retires() ? RegistryKind::kProgramRetired : RegistryKind::kProgramRenamed;
  RegistryEntry entry{.kind = code(kind), .name = change.name};
  if (!change.retires()) entry.key = change.key;
  entry.faculty_id = change.faculty_id;
  entry.program_id = change.program;
  return entry;
}

std::optional<ProgramChange> program_change_of(const RegistryEntry& entry) {
  if (entry.kind != code(RegistryKind::kProgramRenamed) && entry.kind != code(RegistryKind::kProgramRetired)) {
    return std::nullopt;
  }
  const auto program = entry.program_id.value_or(0);
  const auto faculty = entry.faculty_id.value_or(0);
  const bool has_key = entry.key && !entry.key->empty();
  if (!std::in_range<ProgramId>(program) || !std::in_range<FacultyId>(faculty) ||
      has_key != (entry.kind == code(RegistryKind::kProgramRenamed))) {
    throw StorageError{StorageError::Kind::kCorrupt, "entry " + std::to_string(entry.seq) +
                                                         " of the registry, about program " + std::to_string(program) +
                                                         ", cannot be read"};
  }
  return ProgramChange{entry.seq, static_cast<ProgramId>(program), static_cast<FacultyId>(faculty), entry.name,
                       entry.key.value_or(std::string{})};
}

RegistryEntry semester_opened(SemesterId id, std::string name) {
  return about_semester(RegistryKind::kSemesterOpened, id, std::move(name));
}

RegistryEntry semester_closed(SemesterId id, std::string name) {
  return about_semester(RegistryKind::kSemesterClosed, id, std::move(name));
}

RegistryEntry semester_reopened(SemesterId id, std::string name) {
  return about_semester(RegistryKind::kSemesterReopened, id, std::move(name));
}

RegistryEntry ledger_sealed(SemesterId id, std::string name, const SealedHead& end) {
  RegistryEntry entry{.kind = code(RegistryKind::kLedgerSealed), .name = std::move(name)};
  entry.semester_id = id;
  entry.head = end.seq;
  entry.head_seal = end.seal;
  return entry;
}

std::string unregistered_text(const RegistryEntry& entry) {
  const auto [thing, id] = entry.semester_id  ? std::pair{"semester", *entry.semester_id}
                           : entry.program_id ? std::pair{"program", *entry.program_id}
                                              : std::pair{"faculty", *entry.faculty_id};
  return std::string{thing} + " number " + std::to_string(id) + ", \"" + entry.name +
         "\", is not in the registry: no server added it";
}

std::vector<RegistryEntry> additions_to_registry(const std::vector<CatalogProgram>& programs, std::int64_t faculties) {
  std::vector<RegistryEntry> entries;
  entries.reserve(programs.size());
  for (const auto& program : programs) {
    if (program.faculty_id > faculties) {  // faculties are numbered in the order of their first programs
      faculties = program.faculty_id;
      entries.push_back(faculty_added(program.faculty_id, program.faculty_name, program.faculty_key));
    }
    entries.push_back(program_added(program));
  }
  return entries;
}

std::vector<RegistryEntry> entries_by_command(const std::vector<CatalogProgram>& programs,
                                              const std::vector<ProgramChange>& changes, std::int64_t faculties,
                                              const std::string& command_id, const CommandNote& note) {
  auto entries = additions_to_registry(programs, faculties);
  std::transform(changes.begin(), changes.end(), std::back_inserter(entries), &program_changed);
  DTI_CHECK(!entries.empty());
  entries.back().command_id = command_id;
  entries.back().note_hash = hash_of(note);
  return entries;
}

SealedHead seal_registry(const StoreId& store, const SealedHead& end, std::int64_t at,
                         std::vector<RegistryEntry>& entries) {
  if (entries.empty()) return end;
  Sealing sealing{store, kRegistryId, end.seal};
  auto seq = end.seq;
  for (auto& entry : entries) {
    entry.seq = ++seq;
    entry.at = at;
    DTI_CHECK(sealing.add(entry));
  }
  entries.back().seal = sealing.finish();
  return {seq, *entries.back().seal};
}

}  // namespace dti
