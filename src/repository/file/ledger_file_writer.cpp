#include "dti/repository/file/ledger_file_writer.hpp"

#include "repository/file/ledger_lines.hpp"

namespace dti {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

}  // namespace

void LedgerFileWriter::begin(const LedgerFileHeader& header) {
  std::string line;
  append_line(line, header);
  sink_(line);
  hash_.add(hashed_text(header));
}

void LedgerFileWriter::add_catalog(const std::vector<CatalogProgram>& programs) {
  std::string programs_text;
  for (const auto& program : programs) {
    if (program.faculty_id > counts_.faculties) {  // faculties are numbered in the order of their first programs
      counts_.faculties = program.faculty_id;
      append_line(buffer_, FacultyLine{program.faculty_id, program.faculty_name, program.faculty_key});
    }
    append_line(programs_text, ProgramLine{program.id, program.faculty_id, program.name, program.key});
    ++counts_.programs;
  }
  buffer_ += programs_text;
  pass_on(kBufferBytes);
}

void LedgerFileWriter::add_registry(const std::vector<RegistryEntry>& entries) {
  for (const auto& entry : entries) {
    append_line(buffer_, entry);
    ++counts_.registered;
    pass_on(kBufferBytes);
  }
}

void LedgerFileWriter::add_semester(const StoredSemester& semester) {
  append_line(buffer_, semester);
  semester_ = semester.id;
  ++counts_.semesters;
}

void LedgerFileWriter::add_entries(const std::vector<StoredEntry>& entries) {
  for (const auto& entry : entries) {
    append_entry(buffer_, semester_, entry);
    ++counts_.entries;
    pass_on(kBufferBytes);
  }
}

void LedgerFileWriter::add_notes(const std::map<Seq, CommandNote>& notes) {
  for (const auto& [seq, note] : notes) {
    append_line(buffer_, NoteLine{semester_, seq, note});
    ++counts_.notes;
    pass_on(kBufferBytes);
  }
}

void LedgerFileWriter::finish(const ChainHeads& heads) {
  for (const auto& [chain, end] : heads.ends) {
    if (end.seq > 0) append_line(buffer_, ChainLine{chain, end});
  }
  pass_on(0);
  append_line(buffer_, EndLine{counts_, hash_.finish()});
  sink_(buffer_);
  buffer_.clear();
}

void LedgerFileWriter::pass_on(std::size_t bytes_min) {
  if (buffer_.size() < bytes_min) return;
  hash_.add(buffer_);
  sink_(buffer_);
  buffer_.clear();
}

}  // namespace dti
