#include "dti/service/ledger/ledger_seal.hpp"

#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "service/ledger/chain_check.hpp"
#include "service/ledger/note_check.hpp"

namespace dti {
namespace {

using nlohmann::json;

StoredNumber number(const json& entry, const char* column) {
  const auto found = entry.find(column);
  return found == entry.end() || found->is_null() ? StoredNumber{} : StoredNumber{found->get<std::int64_t>()};
}

std::optional<std::string> text(const json& entry, const char* column) {
  const auto found = entry.find(column);
  return found == entry.end() || found->is_null() ? std::nullopt : std::optional{found->get<std::string>()};
}

StoredEntry ledger_entry(const json& entry) {
  StoredEntry read{{.seq = entry.at("seq"), .kind = entry.at("kind")}, entry.at("at"), text(entry, "request_id")};
  LedgerRow& row = read.row;
  row.program_id = number(entry, "program_id");
  row.generation = number(entry, "generation");
  row.classrooms_wanted = number(entry, "classrooms_wanted");
  row.labs_wanted = number(entry, "labs_wanted");
  row.classrooms_granted = number(entry, "classrooms_granted");
  row.labs_granted = number(entry, "labs_granted");
  row.mobile_labs_granted = number(entry, "mobile_labs_granted");
  row.classrooms_capacity = number(entry, "classrooms_capacity");
  row.labs_capacity = number(entry, "labs_capacity");
  row.conversions_capacity = number(entry, "conversions_capacity");
  row.status = number(entry, "status");
  row.cause = number(entry, "cause");
  row.waits_since = number(entry, "waits_since");
  row.setting = number(entry, "setting");
  row.expires_at = number(entry, "expires_at");
  row.faculty_id = number(entry, "faculty_id");
  row.classrooms_limit = number(entry, "classrooms_limit");
  row.classrooms_limit_is_soft = number(entry, "classrooms_limit_is_soft");
  row.labs_limit = number(entry, "labs_limit");
  row.labs_limit_is_soft = number(entry, "labs_limit_is_soft");
  row.terms = text(entry, "terms");
  read.command_id = text(entry, "command_id");
  if (const auto hash = text(entry, "note_hash")) read.note_hash = parse_seal(*hash);
  return read;
}

RegistryEntry registry_entry(const json& entry) {
  RegistryEntry read{.seq = entry.at("seq"), .at = entry.at("at"), .kind = entry.at("kind")};
  read.faculty_id = number(entry, "faculty_id");
  read.program_id = number(entry, "program_id");
  read.semester_id = number(entry, "semester_id");
  read.name = entry.at("name");
  read.key = text(entry, "key");
  read.head = number(entry, "head");
  if (const auto head_seal = text(entry, "head_seal")) read.head_seal = parse_seal(*head_seal);
  read.command_id = text(entry, "command_id");
  if (const auto hash = text(entry, "note_hash")) read.note_hash = parse_seal(*hash);
  return read;
}

TEST(Sealing, GivesTheSealsThatAnotherProgramComputed) {
  std::ifstream file{DTI_GOLDEN_DIR "/seals.jsonl"};
  int vectors = 0;
  for (std::string line; std::getline(file, line); ++vectors) {
    const auto vector = json::parse(line);
    const SemesterId chain = vector.at("chain");
    Sealing sealing{parse_store_id(vector.at("store").get<std::string>()).value(), chain,
                    parse_seal(vector.at("before").get<std::string>()).value()};
    for (const auto& entry : vector.at("entries")) {
      if (chain == kRegistryId) {
        EXPECT_TRUE(sealing.add(registry_entry(entry)));
      } else {
        const auto read = ledger_entry(entry);
        EXPECT_TRUE(sealing.add(read));
      }
    }
    EXPECT_EQ(hex_text(sealing.finish()), vector.at("seal").get<std::string>()) << vector.at("what");
  }
  EXPECT_GE(vectors, 6);
}

TEST(CommandNote, HasTheHashThatAnotherProgramComputed) {
  std::ifstream file{DTI_GOLDEN_DIR "/notes.jsonl"};
  int vectors = 0;
  for (std::string line; std::getline(file, line); ++vectors) {
    const auto vector = json::parse(line);
    const auto salt = parse_store_id(vector.at("salt").get<std::string>()).value().bytes;
    EXPECT_EQ(hex_text(hash_of({salt, vector.at("actor"), vector.at("note")})), vector.at("hash").get<std::string>());
  }
  EXPECT_GE(vectors, 3);
}

TEST(NoteCheck, FindsACommandWhoseLastEntryHasNoHash) {
  const auto entry = [](Seq seq, const char* command, bool has_hash) {
    StoredEntry stored{{.seq = seq, .kind = 4}, 7, std::nullopt};
    stored.command_id = command;
    if (has_hash) stored.note_hash = hash_of(CommandNote{{1}, "local/1000", "because"});
    return stored;
  };
  struct Case {
    std::vector<StoredEntry> entries;
    const char* difference;
  };
  const Case cases[] = {
      {{entry(2, "a", false), entry(3, "a", true)}, ""},
      {{entry(2, "a", false), entry(3, "b", true)}, "entry 2: the last entry of its command has no hash of a note"},
      {{entry(2, "a", true), entry(3, "b", false)}, "entry 3: the last entry of its command has no hash of a note"},
  };
  for (const auto& [entries, difference] : cases) {
    NoteCheck check;
    for (const auto& stored : entries) check.add(stored);
    const auto found = check.compare({});
    EXPECT_EQ(found ? to_string(*found) : "", difference);
  }
}

TEST(NoteCheck, CountsErasedNotesAndFindsOthers) {
  const CommandNote note{{1}, "local/1000", "because"};
  NoteCheck check;
  for (const Seq seq : {3, 5}) {
    StoredEntry entry{{.seq = seq, .kind = 4}, 7, std::nullopt};
    entry.note_hash = hash_of(note);
    check.add(entry);
  }
  check.add({{.seq = 4, .kind = 0}, 7, std::nullopt});
  struct Case {
    std::map<Seq, CommandNote> notes;
    Seq erased;
    const char* difference;  // null: none
  };
  const CommandNote salted{{2}, note.actor, note.note};
  const CommandNote moved{note.salt, note.actor + note.note, ""};
  const Case cases[] = {
      {{{3, note}, {5, note}}, 0, nullptr},
      {{{5, note}}, 1, nullptr},
      {{}, 2, nullptr},
      {{{3, note}, {5, salted}}, 0, "entry 5: its note was changed"},
      {{{3, moved}}, 1, "entry 3: its note was changed"},
      {{{4, note}}, 2, "entry 4: a note is there, and the entry has none"},
  };
  for (const auto& [notes, erased, difference] : cases) {
    const auto found = check.compare(notes);
    EXPECT_EQ(found ? to_string(*found) : "", difference == nullptr ? "" : difference);
    EXPECT_EQ(check.commands(), 2);
    EXPECT_EQ(check.erased(), erased);
  }
}

TEST(RegistryCheck, ASemesterIsOpenOrClosedAsItsLastEntrySays) {
  const StoredSemester open{1, "s", 1, 1, {}, {}, true};
  StoredSemester closed = open;
  closed.is_open = false;
  std::vector<RegistryEntry> entries = {semester_opened(1, "s")};
  for (const auto& next : {std::optional<RegistryEntry>{}, {semester_closed(1, "s")}, {semester_reopened(1, "s")}}) {
    if (next) entries.push_back(*next);
    auto sealed = entries;
    const StoreId store{{1}};
    const auto end = seal_registry(store, {}, 7, sealed);
    RegistryCheck check{store, end};
    check.add(sealed);
    const bool is_open = entries.size() != 2;
    EXPECT_TRUE(check.finish({}, {is_open ? open : closed}).empty()) << entries.size();
    const auto found = check.finish({}, {is_open ? closed : open});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(to_string(found[0]), std::string{"semester number 1 is not as the registry has it; stored: "} +
                                       (is_open ? "closed; expected: open" : "open; expected: closed"));
  }
}

TEST(Sealing, AGrantOfABatchHasTheSealOfItsRow) {
  const LedgerEntry entry{.seq = 7,
                          .program_id = 2'000'000'000,
                          .generation = 3,
                          .want = {5, 4},
                          .grant = {5, 1, 2},
                          .capacity = {1, 2, 3}};
  for (const auto& request_id : {std::optional<std::string>{}, std::optional<std::string>{"r"}}) {
    Sealing of_row{{}, 1, {}};
    ASSERT_TRUE(of_row.add({row_of(entry), 9, request_id}));
    Sealing of_entry{{}, 1, {}};
    of_entry.add_grant(entry, 9, request_id);
    EXPECT_EQ(of_entry.finish(), of_row.finish());
  }
}

TEST(Sealing, EachPartOfAnEntryChangesTheSeal) {
  const auto seal_of = [](const StoredEntry& entry) {
    Sealing sealing{{}, 1, {}};
    EXPECT_TRUE(sealing.add(entry));
    return sealing.finish();
  };
  StoredEntry entry;
  entry.row.seq = 7;
  entry.row.kind = 1;
  entry.at = 9;
  entry.request_id = "r";
  std::vector<StoredEntry> others(6, entry);
  others[0].row.cause = 1;
  others[1].row.cause = 2;
  others[2].command_id = "c";
  others[3].command_id = "r";
  others[3].request_id.reset();
  others[4].note_hash = Seal{};
  others[5].row.status = 1;
  for (std::size_t i = 0; i < others.size(); ++i) {
    EXPECT_NE(seal_of(others[i]), seal_of(entry)) << i;
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(seal_of(others[i]), seal_of(others[k])) << i << " and " << k;
  }
}

TEST(Sealing, TakesNoNumberThatTheColumnsCannotHave) {
  Sealing sealing{{}, 1, {}};
  const auto before = sealing.finish();
  LedgerRow row{.seq = 1, .kind = 256};
  EXPECT_FALSE(sealing.add({row, 0, std::nullopt}));
  row.kind = 0;
  row.labs_wanted = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
  EXPECT_FALSE(sealing.add({row, 0, std::nullopt}));
  EXPECT_EQ(sealing.finish(), before) << "nothing was added";
}

TEST(ChainCheck, NamesTheFirstBatchThatDiffersAndNoLaterOne) {
  const StoreId store{{1}};
  std::vector<StoredEntry> entries;
  Seal seal;
  for (Seq first = 1; first < 10; first += 3) {
    Sealing sealing{store, 1, seal};
    for (Seq seq = first; seq < first + 3; ++seq) {
      entries.push_back({{.seq = seq, .kind = 4}, 7, std::nullopt});
      ASSERT_TRUE(sealing.add(entries.back()));
    }
    seal = sealing.finish();
    entries.back().seal = seal;
  }
  entries[4].at = 8;
  ChainCheck check{store, 1, {9, seal}};
  std::vector<std::string> found;
  for (const auto& entry : entries) {
    if (const auto difference = check.add(entry)) found.push_back(difference->what);
  }
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0],
            "the seal does not fit entries 4 to 6: an entry was changed, removed, inserted or moved, or the seal was");
}

}  // namespace
}  // namespace dti
