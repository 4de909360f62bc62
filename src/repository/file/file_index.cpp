#include "repository/file/file_index.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "dti/seals/blake2b.hpp"
#include "repository/file/line_fields.hpp"
#include "repository/file/line_reader.hpp"

namespace dti {
namespace {

constexpr std::int64_t kProgressLines = 10'000;

/// The parts of a file, in order. Each line belongs to one of them.
enum class Part {
  kNothing,
  kStore,
  kFaculties,
  kPrograms,
  kRegistry,
  kRegistryNotes,
  kSemester,
  kEntries,
  kNotes,
  kChains,
  kEnd
};

/// Checks that the lines are in order and fit together, and remembers where they are. After a fault it continues with
/// what the next lines say, so that one fault is reported once.
class Indexer {
 public:
  explicit Indexer(LedgerFileIndex& index) : index_(index) {}

  void add(const LineMark& at, LedgerLine line) {
    at_ = at;
    if (part_ == Part::kNothing && !std::holds_alternative<LedgerFileHeader>(line)) {
      fault("the first line must be of the type store");
    }
    std::visit([&](auto& it) { take(std::move(it)); }, line);
  }

  /// A line that cannot be read.
  void add_fault(const LineMark& at, std::string reason) {
    at_ = at;
    if (part_ == Part::kNothing) part_ = Part::kStore;
    is_lost_ = true;
    fault(std::move(reason));
  }

  void finish(const LineMark& after_last) {
    at_ = after_last;
    if (part_ == Part::kNothing) return fault("the file is empty");
    if (part_ != Part::kEnd) fault("the file ends without a line of the type end: it is not complete");
  }

  /// The hash that the last line has; none if there is no such line, or a fault.
  [[nodiscard]] std::optional<Seal> hash() const { return index_.faults ? std::nullopt : hash_; }

  [[nodiscard]] VerifyProgress progress() const {
    if (index_.semesters.empty()) return {};
    const auto& semester = index_.semesters.back();
    return {semester.semester.name, semester.last_entry, semester.semester.head};
  }

 private:
  void fault(std::string reason) {
    if (!index_.faults) index_.faults.emplace();
    auto& faults = *index_.faults;
    if (faults.listed.size() == LedgerFileFaults::kListedMax) {
      ++faults.more;
    } else {
      faults.listed.push_back({at_.line, std::move(reason)});
    }
  }

  /// Tells whether a line may be in that part of the file, and goes there.
  bool enter(Part part, std::string_view type) {
    if (part < part_ || part_ == Part::kEnd) {
      fault("a line of the type " + std::string{type} +
            " must not be here: the order of the types is store, faculty, "
            "program, registry with its notes, then each semester with its entries and notes, then chain and end");
      return false;
    }
    part_ = part;
    return true;
  }

  /// Checks a number that counts. @return the next one
  std::int64_t check_number(std::string_view key, std::int64_t number, std::int64_t expected) {
    if (!std::exchange(is_lost_, false) && number != expected) {
      fault('"' + std::string{key} + "\" must be " + std::to_string(expected) + " here");
      is_lost_ = true;
    }
    return number < kNumberMax ? number + 1 : number;
  }

  void take(LedgerFileHeader header) {
    if (part_ != Part::kNothing) return fault("a line of the type store must be the first one");
    part_ = Part::kStore;
    index_.header = std::move(header);
    index_.heads.store = index_.header.store;
    index_.heads.ends[kRegistryId] = {};
  }

  void take(FacultyLine faculty) {
    if (!enter(Part::kFaculties, "faculty")) return;
    next_faculty_ = check_number("id", faculty.id, next_faculty_);
    ++index_.counts.faculties;
    index_.faculties.push_back(std::move(faculty));
  }

  void take(ProgramLine program) {
    if (!enter(Part::kPrograms, "program")) return;
    next_program_ = check_number("id", program.id, next_program_);
    ++index_.counts.programs;
    if (program.faculty < 1 || program.faculty > index_.faculties.size()) {
      if (!index_.faults) fault("\"faculty\" is none of the faculties above");
      return;
    }
    const auto& faculty = index_.faculties[program.faculty - 1];
    index_.programs.push_back({.id = program.id,
                               .faculty_id = program.faculty,
                               .faculty_name = faculty.name,
                               .faculty_key = faculty.key,
                               .name = std::move(program.name),
                               .key = std::move(program.key)});
  }

  void take(const RegistryEntry& entry) {
    if (!enter(Part::kRegistry, "registry")) return;
    if (!index_.registry) index_.registry = at_;
    next_registered_ = check_number("seq", entry.seq, next_registered_);
    ++index_.counts.registered;
  }

  void take(StoredSemester semester) {
    // A semester follows the entries and the notes of the one before it.
    if (part_ == Part::kEntries || part_ == Part::kNotes) part_ = Part::kSemester;
    if (!enter(Part::kSemester, "semester")) return;
    ++index_.counts.semesters;
    if (!index_.semesters.empty() && semester.id <= index_.semesters.back().semester.id) {
      fault("\"id\" must be greater than that of the semester before it");
    }
    index_.heads.ends[semester.id] = {};
    index_.semesters.push_back({.semester = std::move(semester),
                                .at = at_,
                                .first_line = at_.line + 1,
                                .last_entry = 0,
                                .entries = {},
                                .notes = {}});
    next_seq_ = 1;
  }

  /// @return the semester to which a line belongs; null, with a fault, if it is another one than that of the last line
  ///   of the type semester
  SemesterIndex* find_semester(SemesterId id) {
    if (!index_.semesters.empty() && index_.semesters.back().semester.id == id) return &index_.semesters.back();
    if (!is_lost_) fault("\"semester\" is not that of the line of the type semester above");
    return nullptr;
  }

  void take(const EntryLine& line) {
    if (is_lost_ && part_ <= Part::kNotes) part_ = Part::kSemester;
    if (!enter(Part::kEntries, "entry")) return;
    ++index_.counts.entries;
    auto* const semester = find_semester(line.semester);
    if (semester == nullptr) return;
    next_seq_ = check_number("seq", line.entry.row.seq, next_seq_);
    if ((next_seq_ - 2) % kEntriesPerMark == 0) semester->entries.push_back(at_);
    semester->last_entry = next_seq_ - 1;
    if (line.entry.row.seq == 1) note_opening(semester->semester, line.entry.row);
  }

  static void note_opening(StoredSemester& semester, const LedgerRow& row) {
    if (row.classrooms_capacity && row.labs_capacity && row.conversions_capacity) {
      semester.opened_with = Capacity{*row.classrooms_capacity, *row.labs_capacity, *row.conversions_capacity};
    }
  }

  void take(const NoteLine& line) {
    if (line.semester == kRegistryId) {
      if (!enter(Part::kRegistryNotes, "note of the registry")) return;
      ++index_.counts.notes;
      return add_note(index_.registry_notes, line.seq);
    }
    if (is_lost_ && part_ <= Part::kNotes) part_ = Part::kSemester;
    if (!enter(Part::kNotes, "note")) return;
    ++index_.counts.notes;
    auto* const semester = find_semester(line.semester);
    if (semester != nullptr) add_note(semester->notes, line.seq);
  }

  void add_note(NoteIndex& notes, Seq seq) {
    if (seq <= notes.last) return fault("\"seq\" must be greater than that of the note before it");
    notes.last = seq;
    if (notes.count++ % kEntriesPerMark == 0) notes.marks.push_back({seq, at_});
  }

  void take(const ChainLine& line) {
    if (!enter(Part::kChains, "chain")) return;
    const auto end = index_.heads.ends.find(line.chain);
    if (line.chain <= last_chain_)
      fault("\"semester\" must be greater than that of the line of the type chain before it");
    if (end == index_.heads.ends.end()) {
      if (!index_.faults) fault("\"semester\" is none of the semesters above");
      return;
    }
    if (index_.header.store == StoreId{}) fault("a store without a store-id has no chains");
    end->second = line.end;
    last_chain_ = line.chain;
  }

  void take(const EndLine& line) {
    if (!enter(Part::kEnd, "end")) return;
    hash_ = line.hash;
    if (index_.faults || line.counts == index_.counts) return;
    const auto& [faculties, programs, registered, semesters, entries, notes] = index_.counts;
    fault("the counts do not fit the lines: there are " + std::to_string(faculties) + " faculties, " +
          std::to_string(programs) + " programs, " + std::to_string(registered) + " entries of the registry, " +
          std::to_string(semesters) + " semesters, " + std::to_string(entries) + " entries and " +
          std::to_string(notes) + " notes");
  }

  LedgerFileIndex& index_;
  LineMark at_;
  Part part_ = Part::kNothing;
  bool is_lost_ = false;  // a line could not be read, or had a wrong number: the next number may be any
  std::int64_t next_faculty_ = 1;
  std::int64_t next_program_ = 1;
  std::int64_t next_registered_ = 1;
  Seq next_seq_ = 1;
  SemesterId last_chain_ = -1;
  std::optional<Seal> hash_;
};

}  // namespace

const SemesterIndex* LedgerFileIndex::find(SemesterId semester) const {
  const auto found = std::find_if(semesters.begin(), semesters.end(),
                                  [&](const SemesterIndex& it) { return it.semester.id == semester; });
  return found == semesters.end() ? nullptr : &*found;
}

const NoteIndex* LedgerFileIndex::find_notes(SemesterId semester) const {
  if (semester == kRegistryId) return &registry_notes;
  const auto* const found = find(semester);
  return found == nullptr ? nullptr : &found->notes;
}

LedgerFileIndex index_of_file(const ReadBytes& read, const std::function<void(const VerifyProgress&)>& progress) {
  LedgerFileIndex index;
  Indexer indexer{index};
  LineReader lines{read, kLineBytesMax};
  LineParser parser;
  Blake2b hash;  // of the lines before this one
  Seal hash_before_last;
  LineMark at;
  std::string pending;  // bytes that are not hashed yet
  while (lines.next()) {
    at = {lines.offset(), at.line + 1};
    if (std::cmp_equal(at.line % kProgressLines, 0)) progress(indexer.progress());
    bool is_end = false;
    if (lines.is_too_long()) {
      indexer.add_fault(at, "is longer than " + std::to_string(kLineBytesMax) + " bytes");
    } else {
      auto parsed = parser.parse(lines.line());
      if (auto* const fault = std::get_if<LineFault>(&parsed)) {
        indexer.add_fault(at, std::move(fault->reason));
      } else {
        const auto& line = std::get<LedgerLine>(parsed);
        is_end = std::holds_alternative<EndLine>(line);
        if (const auto* const header = std::get_if<LedgerFileHeader>(&line); header != nullptr && at.line == 1) {
          hash.add(hashed_text(*header));
        }
        indexer.add(at, std::get<LedgerLine>(std::move(parsed)));
      }
    }
    if (!lines.is_ended()) indexer.add_fault(at, "no line feed ends the line: the file is not complete");
    if (is_end) {
      hash.add(pending);
      pending.clear();
      hash_before_last = hash.finish();
    } else if (at.line > 1) {
      pending.append(lines.line()) += '\n';
      if (pending.size() >= kLineBytesMax) {
        hash.add(pending);
        pending.clear();
      }
    }
  }
  indexer.finish({lines.offset(), at.line + 1});
  for (auto& semester : index.semesters) semester.semester.last_entry = semester.last_entry;
  if (const auto expected = indexer.hash(); expected && *expected != hash_before_last) {
    index.hash_fault = {at.line, "\"blake2b\" is not the hash of the lines before it: a byte was changed"};
  }
  return index;
}

}  // namespace dti
