// The entries of rounds.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "contract/office_fixture.hpp"
#include "dti/service/ledger/round_terms.hpp"

namespace dti::contract {
namespace {

class RoundContract : public OfficeTest {
 protected:
  static LedgerEntry awarded(ProgramId program, const Want& want, const Grant& grant) {
    LedgerEntry entry = bare(EntryKind::kGranted);
    entry.cause = Cause::kRound;
    entry.program_id = program;
    entry.want = want;
    entry.grant = grant;
    return entry;
  }
  static Seal seal_of(std::uint8_t byte) {
    Seal seal;
    seal.bytes.fill(byte);
    return seal;
  }

  Change opening() {
    auto opened = change({bare(EntryKind::kRoundOpened)});
    opened.entries[0].row.terms = opening_text(commitment_of({seal_of(7).bytes}, seal_of(8)));
    return opened;
  }
  /// Programs 1, 2 and 3 get less than they want, or nothing, by max-min.
  Change round() {
    auto held = change({bare(EntryKind::kRound), awarded(1, {380, 0}, {375, 0, 0}), awarded(2, {5, 60}, {5, 60, 0}),
                        awarded(3, {0, 0}, {0, 0, 0})});
    const Seal seal = entries(2, 2).at(0).seal.value();
    held.entries[0].row.terms = text_of(RoundTerms{Policy::kMaxMin, 2, 3, {seal_of(7).bytes}, seal_of(8), seal});
    for (std::size_t i = 1; i < held.entries.size(); ++i) held.entries[i].row.terms = "class=1 weight=1 floor=0";
    return held;
  }
  void store(const Change& change) { ASSERT_EQ(repository_->change(change), CommitResult::kCommitted); }
};
INSTANTIATE_TEST_SUITE_P(Backends, RoundContract, testing::ValuesIn(all_backends()), name_of_backend());

TEST_P(RoundContract, AnEntryIsReadBackAsItWasStored) {
  start();
  std::vector<StoredEntry> expected;
  for (int i = 0; i < 2; ++i) {
    const auto changed = i == 0 ? opening() : round();
    store(changed);
    expected.insert(expected.end(), changed.entries.begin(), changed.entries.end());
    expected.back().note_hash = hash_of(changed.note);
  }
  EXPECT_EQ(unsealed(entries(2)), expected);
  EXPECT_EQ(stored(), semester_);
}

TEST_P(RoundContract, AReaderOfTheStateGetsTheTerms) {
  start();
  store(opening());
  store(round());
  ASSERT_EQ(repository_->commit(grants({{4, {1, 0}}})), CommitResult::kCommitted);
  const auto rows = [&](Columns columns) {
    std::vector<LedgerRow> read;
    repository_->read_ledger(1, 2, 7, columns, [&](const std::vector<LedgerRow>& piece) {
      read.insert(read.end(), piece.begin(), piece.end());
      return true;
    });
    return read;
  };
  const auto all = rows(Columns::kAll);
  const auto of_state = rows(Columns::kOfState);
  ASSERT_EQ(all.size(), 6U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(of_state[i], all[i]) << "entry " << all[i].seq;
  EXPECT_EQ(all[2].terms, "class=1 weight=1 floor=0");
  EXPECT_EQ(all[5].terms, std::nullopt);
}

TEST_P(RoundContract, AnEntryWithoutItsColumnsIsRefused) {
  start();
  store(opening());
  const std::pair<const char*, std::function<void(std::vector<StoredEntry>&)>> wrong[] = {
      {"a round without terms", [](auto& entries) { entries[0].row.terms.reset(); }},
      {"a grant by a round without terms", [](auto& entries) { entries[1].row.terms.reset(); }},
      {"an amended grant with terms",
       [](auto& entries) { entries[1].row.cause = static_cast<std::int64_t>(Cause::kAmended); }},
      {"a setting with terms",
       [](auto& entries) {
         entries[0].row.kind = stored_code(EntryKind::kSetting);
         entries[0].row.setting = 1;
       }},
  };
  for (const auto& [what, spoil] : wrong) {
    const auto before = semester_;
    auto changed = round();
    semester_ = before;
    spoil(changed.entries);
    try {
      static_cast<void>(repository_->change(changed));
      ADD_FAILURE() << what << " was stored";
    } catch (const StorageError& error) {
      EXPECT_EQ(error.kind(), StorageError::Kind::kInvariant) << what;
    }
  }
}

class RoundDatabases : public RoundContract {};
INSTANTIATE_TEST_SUITE_P(Databases, RoundDatabases, testing::ValuesIn(sql_backends()), name_of_backend());

TEST_P(RoundDatabases, ARoundThatTheRuleGivesIsConsistentAndSealed) {
  start();
  store(opening());
  store(round());
  EXPECT_EQ(faults(look()), "");
}

}  // namespace
}  // namespace dti::contract
