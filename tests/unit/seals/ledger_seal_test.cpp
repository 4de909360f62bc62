#include "dti/service/ledger/ledger_seal.hpp"

#include <fstream>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "service/ledger/chain_check.hpp"

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
  const StoredEntry entry{{.seq = 7, .kind = 1}, 9, "r"};
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
