#include "dti/repository/file/ledger_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "repository/file/ledger_lines.hpp"
#include "repository/file/line_reader.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

const Seal kSeal = seal_of_bytes(std::string(kSealBytes, 's')).value();
const StoreId kStore = store_id_of_bytes(std::string(kStoreIdBytes, 'i')).value();

void say_nothing(const VerifyProgress& /*progress*/) {}

/// At most `step` bytes at a time.
ReadBytes bytes_of(std::string text, std::size_t step = 1'000'000'000) {
  return [text = std::move(text), step](std::uint64_t offset, char* to, std::size_t size) -> std::size_t {
    const auto count = std::min({size, step, text.size() - static_cast<std::size_t>(offset)});
    std::memcpy(to, text.data() + offset, count);
    return count;
  };
}

StoredEntry entry(const LedgerEntry& of) { return {.row = row_of(of), .at = 1'760'000'000'123'456, .request_id = {}}; }

StoredSemester semester(SemesterId id, Seq head) {
  const Capacity capacity{10, 2, 3};
  return {id, "s" + std::to_string(id), 4, head, capacity, full_pool(capacity), true, capacity, head};
}

const std::map<Seq, CommandNote> kNotes = {{2, {{1, 2, 3}, "local/1000", "año \"x\"\n"}}, {3, {{}, "a", ""}}};

std::vector<StoredEntry> entries_of_first() {
  std::vector<StoredEntry> entries = {entry(fixtures::opened({10, 2, 3})),
                                      entry(fixtures::granted(2, 1, {3, 1}, {3, 1, 0})),
                                      entry(fixtures::granted(3, 2, {0, 0}, {0, 0, 0}))};
  entries[1].request_id = "r\"1";
  entries[1].row.request = id_hash("r\"1");
  entries[2].seal = kSeal;
  return entries;
}

const ChainHeads kHeads{kStore, {{kRegistryId, {}}, {1, {3, kSeal}}, {4, {}}}};

/// Two semesters, of which the first has three entries and two notes.
std::string small_file() {
  std::string text;
  LedgerFileWriter writer{[&](std::string_view lines) { text += lines; }};
  writer.begin({kStore, 4, "now"});
  writer.add_catalog(fixtures::catalog(2, 2));
  auto registered = semester_opened(1, "s1");
  registered.seq = 1;
  writer.add_registry({registered});
  writer.add_semester(semester(1, 3));
  writer.add_entries(entries_of_first());
  writer.add_notes(kNotes);
  writer.add_semester(semester(4, 1));
  writer.add_entries({entry(fixtures::opened({10, 2, 3}))});
  writer.finish(kHeads);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return text;
}

/// `LINE: reason`, of all faults.
std::vector<std::string> faults_of(const std::string& text, std::size_t step = 1'000'000'000) {
  const LedgerFile file{bytes_of(text, step), say_nothing};
  std::vector<std::string> found;
  if (file.faults()) {
    for (const auto& fault : file.faults()->listed) found.push_back(std::to_string(fault.line) + ": " + fault.reason);
    if (file.faults()->more > 0) found.push_back("more: " + std::to_string(file.faults()->more));
  }
  if (file.hash_fault()) found.push_back("hash");
  return found;
}

using Faults = std::vector<std::string>;

TEST(LedgerFile, HasWhatWasWritten) {
  LedgerFile file{bytes_of(small_file()), say_nothing};
  EXPECT_EQ(file.faults(), std::nullopt);
  const auto survey = file.survey();
  EXPECT_EQ(survey.catalog, fixtures::catalog(2, 2));
  EXPECT_EQ(survey.semesters, (std::vector{semester(1, 3), semester(4, 1)}));
  EXPECT_EQ(file.read_epoch(), 4);
  EXPECT_EQ(file.read_schema_version(), 4);
  EXPECT_EQ(file.read_chain_heads(), kHeads);
  EXPECT_EQ(file.count_catalog().faculties, 2U);
  EXPECT_EQ(file.count_catalog().programs, 4U);
  std::vector<StoredEntry> entries;
  const auto keep = [&](const std::vector<StoredEntry>& piece) {
    entries.insert(entries.end(), piece.begin(), piece.end());
  };
  file.read_entries(1, 1, 3, keep);
  EXPECT_EQ(entries, entries_of_first());
  entries.clear();
  file.read_grant(1, 2, 1, keep);
  EXPECT_EQ(entries, (std::vector{entries_of_first()[2]}));
  EXPECT_EQ(file.read_notes(1, 1, 3), kNotes);
  EXPECT_EQ(file.read_notes(1, 3, 3).size(), 1U);
  EXPECT_TRUE(file.read_notes(4, 1, 3).empty());
  EXPECT_EQ(file.read_seal(1, 3).seal, kSeal);
  EXPECT_FALSE(file.read_seal(1, 4).is_there);
  EXPECT_TRUE(file.read_seal(kRegistryId, 1).is_there);
  EXPECT_EQ(file.line_of(1, 2), 11U);
  EXPECT_EQ(file.line_of(1, 0), 9U);
}

/// A semester without notes, and two notes of the registry.
std::string file_with_notes_of_the_registry() {
  std::string text;
  LedgerFileWriter writer{[&](std::string_view lines) { text += lines; }};
  writer.begin({kStore, 6, "now"});
  auto registered = semester_opened(1, "s1");
  registered.seq = 1;
  writer.add_registry({registered});
  writer.add_notes(kNotes);
  writer.add_semester(semester(1, 1));
  writer.add_entries({entry(fixtures::opened({10, 2, 3}))});
  writer.finish({kStore, {{kRegistryId, {}}, {1, {}}}});
  return text;
}

TEST(LedgerFile, HasTheNotesOfTheRegistryBetweenItsEntriesAndTheSemesters) {
  const auto text = file_with_notes_of_the_registry();
  LedgerFile file{bytes_of(text), say_nothing};
  EXPECT_EQ(file.faults(), std::nullopt);
  EXPECT_EQ(file.hash_fault(), std::nullopt);
  EXPECT_EQ(file.read_notes(kRegistryId, 1, 9), kNotes);
  EXPECT_EQ(file.read_notes(kRegistryId, 3, 3).size(), 1U);
  EXPECT_TRUE(file.read_notes(1, 1, 9).empty());
  EXPECT_EQ(file.counts().notes, 2);
  auto lines = lines_of(text);
  std::swap(lines[2], lines[4]);
  EXPECT_EQ(faults_of(joined(lines)).at(0).substr(0, 43), "4: a line of the type note of the registry ");
  lines = lines_of(text);
  std::swap(lines[2], lines[3]);
  EXPECT_EQ(faults_of(joined(lines)).at(0), "4: \"seq\" must be greater than that of the note before it");
}

TEST(LedgerFile, HasNoChainsIfTheStoreHasNoId) {
  std::string text;
  LedgerFileWriter writer{[&](std::string_view lines) { text += lines; }};
  writer.begin({{}, 1, "now"});
  writer.finish({});
  LedgerFile file{bytes_of(text), say_nothing};
  EXPECT_EQ(file.faults(), std::nullopt);
  EXPECT_EQ(file.hash_fault(), std::nullopt);
  EXPECT_EQ(file.read_chain_heads(), std::nullopt);
  EXPECT_EQ(file.read_epoch(), 0);
}

TEST(LedgerFile, IsReadInPiecesOfAnySize) {
  for (const std::size_t step : {1, 7, 100}) EXPECT_EQ(faults_of(small_file(), step), Faults{});
}

TEST(LedgerFile, TheHashFindsAChangedByteThatTheLinesDoNotShow) {
  auto text = small_file();
  EXPECT_EQ(faults_of(text), Faults{});
  const auto lines = lines_of(text);
  const std::string name = R"("name":"p1")";
  text[text.find(name) + 9] = '7';
  EXPECT_EQ(faults_of(text), (Faults{"hash"}));
  std::string with_other_ends;
  for (const auto& line : lines) with_other_ends += line + "\r\n";
  EXPECT_EQ(faults_of(with_other_ends), (Faults{"hash"}));
  text = small_file();
  text[text.find("now")] = 'N';
  EXPECT_EQ(faults_of(text), Faults{}) << "the time of the export is no part of the content";
}

TEST(LedgerFile, EachFaultIsReportedOnceWithItsLine) {
  using Lines = std::vector<std::string>;
  const std::string order =
      " must not be here: the order of the types is store, faculty, program, registry with its notes, then each "
      "semester with its entries and notes, then chain and end";
  const struct {
    const char* name;
    std::function<void(Lines&)> change;
    Faults expected;
  } cases[] = {
      {"no line", [](Lines& it) { it.clear(); }, {"1: the file is empty"}},
      {"no last line",
       [](Lines& it) { it.pop_back(); },
       {"18: the file ends without a line of the type end: it is not complete"}},
      {"no first line", [](Lines& it) { it.erase(it.begin()); }, {"1: the first line must be of the type store"}},
      {"two first lines",
       [](Lines& it) { it.insert(it.begin(), it[0]); },
       {"2: a line of the type store must be the first one"}},
      {"a line after the last", [](Lines& it) { it.push_back(it[1]); }, {"19: a line of the type faculty" + order}},
      {"an empty line", [](Lines& it) { it.insert(it.begin() + 5, ""); }, {"6: is empty"}},
      {"an unreadable line", [](Lines& it) { it[10] = "{"; }, {"11: is not one JSON object (at byte 2)"}},
      {"an unreadable semester", [](Lines& it) { it[14] = "{"; }, {"15: is not one JSON object (at byte 2)"}},
      {"a missing entry", [](Lines& it) { it.erase(it.begin() + 10); }, {"11: \"seq\" must be 2 here"}},
      {"a repeated entry", [](Lines& it) { it.insert(it.begin() + 10, it[10]); }, {"12: \"seq\" must be 3 here"}},
      {"exchanged entries", [](Lines& it) { std::swap(it[9], it[10]); }, {"10: \"seq\" must be 1 here"}},
      {"a missing program", [](Lines& it) { it.erase(it.begin() + 4); }, {"5: \"id\" must be 2 here"}},
      {"a missing faculty",
       [](Lines& it) { it.erase(it.begin() + 2); },
       {"5: \"faculty\" is none of the faculties above"}},
      {"an entry of another semester",
       [](Lines& it) { std::swap(it[15], it[9]); },
       {"10: \"semester\" is not that of the line of the type semester above", "11: \"seq\" must be 1 here",
        "16: \"semester\" is not that of the line of the type semester above"}},
      {"exchanged notes",
       [](Lines& it) { std::swap(it[12], it[13]); },
       {"14: \"seq\" must be greater than that of the note before it"}},
      {"an entry after a note", [](Lines& it) { std::swap(it[11], it[12]); }, {"13: a line of the type entry" + order}},
      {"a repeated semester",
       [](Lines& it) { it[14] = it[8]; },
       {"15: \"id\" must be greater than that of the semester before it",
        "16: \"semester\" is not that of the line of the type semester above"}},
      {"a chain of no semester",
       [](Lines& it) {
         it.insert(it.begin() + 16,
                   R"({"type":"chain","semester":3,"sealed-head":1,"seal":")" + std::string(64, '0') + "\"}");
       },
       {"17: \"semester\" is none of the semesters above"}},
      {"an entry is missing at the end",
       [](Lines& it) { it.erase(it.begin() + 11); },
       {"17: the counts do not fit the lines: there are 2 faculties, 4 programs, 1 entries of the registry, 2 "
        "semesters, 3 entries and 2 notes"}},
  };
  for (const auto& [name, change, expected] : cases) {
    auto lines = lines_of(small_file());
    change(lines);
    auto found = faults_of(joined(lines));
    if (found.size() > expected.size()) found.resize(expected.size());
    EXPECT_EQ(found, expected) << name;
  }
}

TEST(LedgerFile, ATruncatedFileIsNoticedWhereverItEnds) {
  const auto text = small_file();
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(faults_of(text.substr(0, size)), Faults{"hash"}) << size;
    EXPECT_NE(faults_of(text.substr(0, size)), Faults{}) << size;
  }
}

TEST(LedgerFile, AtMostFiftyFaultsAreListedAndTheOthersCounted) {
  std::string text = lines_of(small_file())[0] + '\n';
  for (int i = 0; i < 60; ++i) text += "x\n";
  const auto faults = faults_of(text);
  ASSERT_EQ(faults.size(), 51U);
  EXPECT_EQ(faults.back(), "more: 11") << "the missing last line is one of them";
}

TEST(LedgerFile, ALineThatIsTooLongIsSkippedWithoutKeepingIt) {
  auto lines = lines_of(small_file());
  lines[10] = std::string(3'000'000, 'x');
  EXPECT_EQ(faults_of(joined(lines), 10'000), (Faults{"11: is longer than 65536 bytes"}));
  lines.back() = std::string(kLineBytesMax + 1, 'x');
  EXPECT_EQ(faults_of(joined(lines)).at(1), "18: is longer than 65536 bytes");
}

TEST(LedgerFile, ALongLedgerIsReadFromTheMiddle) {
  const Seq last = 2 * kLedgerPieceEntries + 10;
  std::string text;
  LedgerFileWriter writer{[&](std::string_view lines) { text += lines; }};
  writer.begin({{}, 1, "now"});
  writer.add_semester(semester(1, last));
  std::vector<StoredEntry> entries = {entry(fixtures::opened({10, 2, 3}))};
  for (Seq seq = 2; seq <= last; ++seq) entries.push_back(entry(fixtures::granted(seq, 1, {}, {})));
  writer.add_entries(entries);
  writer.finish({});
  LedgerFile file{bytes_of(text), say_nothing};
  ASSERT_EQ(file.faults(), std::nullopt);
  EXPECT_EQ(file.hash_fault(), std::nullopt);
  for (const auto& [first, end] : {std::pair{Seq{1}, last},
                                   {kLedgerPieceEntries, kLedgerPieceEntries + 1},
                                   {2 * kLedgerPieceEntries + 1, last + 5},
                                   {last, last},
                                   {last + 1, last + 2}}) {
    Seq next = first;
    file.read_entries(1, first, end, [&](const std::vector<StoredEntry>& piece) {
      for (const auto& it : piece) EXPECT_EQ(it.row.seq, next++);
    });
    EXPECT_EQ(next, std::max(first, std::min(end, last) + 1));
  }
}

TEST(LedgerFile, AFileThatChangesWhileItIsReadIsNotRead) {
  auto text = small_file();
  LedgerFile file{[&](std::uint64_t offset, char* to, std::size_t size) { return bytes_of(text)(offset, to, size); },
                  say_nothing};
  ASSERT_EQ(file.faults(), std::nullopt);
  const auto at = text.find(R"("seq":3,"at-us")");
  text.replace(at, 7, R"("seq":7)");
  EXPECT_THROW(file.read_entries(1, 1, 3, [](const std::vector<StoredEntry>&) {}), StorageError);
  text.replace(at, 7, R"("seq":x)");
  EXPECT_THROW(file.read_entries(1, 1, 3, [](const std::vector<StoredEntry>&) {}), StorageError);
}

}  // namespace
}  // namespace dti
