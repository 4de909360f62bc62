#include "dtictl/watch/watch_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace dti {
namespace {

/// A semester of 10 classrooms and 2 labs. Program 1 wanted 8 of them and got all, and program 2 wanted 5 and got 2.
SemesterView view(bool has_wait_list) {
  SemesterView view;
  Seq seq = 0;
  const auto add = [&](LedgerEntry entry) {
    entry.seq = ++seq;
    view.add({row_of(entry), 0, {}});
  };
  LedgerEntry opened;
  opened.kind = EntryKind::kSemesterOpened;
  opened.capacity = {10, 2, 10};
  add(opened);
  if (has_wait_list) {
    LedgerEntry setting;
    setting.kind = EntryKind::kSetting;
    setting.setting = SemesterSetting::kWaitListOn;
    add(setting);
  }
  add({.kind = EntryKind::kGranted,
       .program_id = 1,
       .generation = 1,
       .want = {8, 0},
       .grant = {8, 0, 0},
       .capacity = {}});
  add({.kind = EntryKind::kGranted,
       .program_id = 2,
       .generation = 1,
       .want = {5, 0},
       .grant = {2, 0, 0},
       .capacity = {}});
  return view;
}

TEST(WatchText, TheTotalsAreThoseOfTheLedger) {
  EXPECT_EQ(totals_text(view(true)),
            "left: 0 of 10 classrooms, 2 of 2 labs, 0 of 10 mobile labs; 2 grants, 1 not whole; 1 program waits");
  EXPECT_EQ(totals_text(view(false)),
            "left: 0 of 10 classrooms, 2 of 2 labs, 0 of 10 mobile labs; 2 grants, 1 not whole; no wait list");
}

TEST(WatchText, TheServerIsNamedAsFarAsTheStoreCanTell) {
  EXPECT_EQ(server_text({.epoch = 4, .holder = {}, .taken_at = {}, .is_held = {}, .endpoint = {}, .lease_until = {}}),
            "it is not known whether a server leads");
  EXPECT_EQ(
      server_text({.epoch = 4, .holder = {}, .taken_at = {}, .is_held = false, .endpoint = {}, .lease_until = {}}),
      "no server leads");
  EXPECT_EQ(
      server_text({.epoch = 4, .holder = {}, .taken_at = {}, .is_held = true, .endpoint = "a:1", .lease_until = {}}),
      "a server leads at a:1, epoch 4");
}

TEST(WatchText, AScreenHasTheTotalsAndAsManyEntriesAsFit) {
  const auto state = view(true);
  WatchedState watched{"2025-10", "no server leads", state, {}};
  for (Seq seq = 1; seq <= 50; ++seq) watched.entries.push_back({seq, 0, "text of " + std::to_string(seq) + "\x1b[2J"});
  for (const std::size_t rows : {1U, 5U, 8U, 24U, 100U}) {
    const auto screen = watch_screen(watched, "now", 40, rows);
    const auto lines = static_cast<std::size_t>(std::count(screen.begin(), screen.end(), '\n')) + 1;
    EXPECT_LE(lines, rows);
    EXPECT_EQ(screen.find('\x1b'), std::string::npos) << "no text controls the terminal";
    EXPECT_EQ(screen.rfind("2025-10 is open, entry 4    now", 0), 0U);
    if (rows < 8) continue;
    EXPECT_NE(screen.find("50  "), std::string::npos) << "the newest entry";
    EXPECT_NE(screen.find("1 program waits"), std::string::npos);
  }
  EXPECT_EQ(watch_screen(watched, "now", 40, 8).find("49  "), std::string::npos);
}

TEST(WatchText, AScreenHasALineForEachQuotaBelowTheTotals) {
  const auto state = view(true);
  const auto screen =
      watch_screen({"2025-10", "no server leads", state, {}, "A 2 of 2 labs; B 1 of 9 labs"}, "now", 40, 24);
  EXPECT_NE(screen.find("1 program waits\nA 2 of 2 labs\nB 1 of 9 labs\n"), std::string::npos) << screen;
}

TEST(WatchText, OpenHoldsAndAnOpenRoundAreTold) {
  auto state = view(false);
  LedgerEntry hold{.kind = EntryKind::kGranted,
                   .program_id = 3,
                   .generation = 1,
                   .want = {0, 1},
                   .grant = {0, 1, 0},
                   .capacity = {}};
  hold.expires_at = 1'000'000;
  hold.seq = state.head() + 1;
  state.add({row_of(hold), 0, {}});
  EXPECT_NE(totals_text(state).find("; no wait list; 1 open hold"), std::string::npos) << totals_text(state);
  LedgerRow opened;
  opened.seq = state.head() + 1;
  opened.kind = static_cast<int>(EntryKind::kRoundOpened);
  state.add({opened, 0, {}});
  EXPECT_NE(totals_text(state).find("1 open hold; a round is open"), std::string::npos) << totals_text(state);
}

TEST(WatchText, ALongLineIsCutBetweenCharacters) {
  const auto state = view(false);
  WatchedState watched{std::string(3, 'x') + "ñañañaña", "no server leads", state, {}};
  const auto screen = watch_screen(watched, "now", 6, 1);
  EXPECT_EQ(screen, "xxxñañ");
}

}  // namespace
}  // namespace dti
