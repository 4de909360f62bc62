#include "dti/service/ledger/ledger_reader.hpp"

#include "dti/service/ledger/ledger_writer.hpp"

namespace dti {

std::vector<SemesterHead> heads_of(const std::vector<StoredSemester>& semesters) {
  std::vector<SemesterHead> heads;
  for (const auto& semester : semesters) {
    if (semester.is_open) heads.push_back({semester.id, semester.name, semester.head});
  }
  return heads;
}

CommitResult LedgerWriter::change(const Change&) { throw StorageError{StorageError::Kind::kRejected, "not there"}; }
void LedgerReader::read_grant(SemesterId, ProgramId, std::int32_t, const EntrySink&) {
  throw StorageError{StorageError::Kind::kRejected, "not there"};
}
void LedgerReader::read_entries(SemesterId, Seq, Seq, const EntrySink&) {
  throw StorageError{StorageError::Kind::kRejected, "not there"};
}

}  // namespace dti
