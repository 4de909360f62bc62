// Any bytes given as a ledger file are read, or refused with a line of the file. A file that passes can be read as a store
// without a failure, and what was read, written again, is read as the same store.
#include "dti/repository/file/ledger_file.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/name.hpp"
#include "dti/repository/file/ledger_file_writer.hpp"
#include "dti/service/ledger/store_copy.hpp"
#include "fuzz/claim.hpp"

namespace dti {
namespace {

void say_nothing(const VerifyProgress& /*progress*/) {}

ReadBytes bytes_of(std::string_view text) {
  return [text](std::uint64_t offset, char* to, std::size_t size) {
    return text.copy(to, size, static_cast<std::size_t>(offset));
  };
}

void check_fault(const LedgerFileFault& fault, std::string_view text) {
  const auto lines = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  claim(fault.line >= 1 && fault.line <= lines + 1, "a fault is in a line of the file, or after the last one");
  claim(!fault.reason.empty() && is_utf8(fault.reason) && fault.reason.find('\n') == std::string::npos,
        "a fault is one clause", fault.reason);
}

std::string written_again(LedgerFile& file) {
  std::string text;
  LedgerFileWriter writer{[&](std::string_view lines) { text += lines; }};
  const auto survey = file.survey();
  writer.begin(file.header());
  writer.add_catalog(survey.catalog);
  file.read_registry([&](const std::vector<RegistryEntry>& entries) { writer.add_registry(entries); });
  writer.add_notes(file.read_notes(kRegistryId, 1, std::numeric_limits<Seq>::max()));
  for (const auto& semester : survey.semesters) {
    writer.add_semester(semester);
    file.read_entries(semester.id, 1, semester.last_entry,
                      [&](const std::vector<StoredEntry>& entries) { writer.add_entries(entries); });
    writer.add_notes(file.read_notes(semester.id, 1, std::numeric_limits<Seq>::max()));
  }
  writer.finish(file.read_chain_heads().value_or(ChainHeads{}));
  return text;
}

/// The writer numbers faculties by their first programs; a file may have others, which verify() reports.
bool has_faculties_in_order(LedgerFile& file) {
  FacultyId last = 0;
  for (const auto& program : file.survey().catalog) {
    if (program.faculty_id > last + 1) return false;
    last = std::max(last, program.faculty_id);
  }
  return file.count_catalog().faculties == last;
}

void check(std::string_view text) {
  LedgerFile file{bytes_of(text), say_nothing};
  if (file.faults()) {
    claim(!file.faults()->listed.empty(), "a refused file has a fault");
    for (const auto& fault : file.faults()->listed) check_fault(fault, text);
    return;
  }
  if (file.hash_fault()) check_fault(*file.hash_fault(), text);
  claim(verify(file, say_nothing).unreadable == std::nullopt, "a file that was read once can be read again");
  if (!has_faculties_in_order(file)) return;
  const auto again = written_again(file);
  LedgerFile other{bytes_of(again), say_nothing};
  claim(!other.faults() && !other.hash_fault(), "what was written can be read", again);
  const auto difference = compare(file, other);
  claim(!difference, "what was written is the same", difference.value_or(""));
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
