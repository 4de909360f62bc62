#include "dtictl/semester/roll_over_items.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace dti {
namespace {

using State = RollOverItem::State;

RollOverSemester semester(const std::string& name, const Capacity& capacity, std::optional<bool> has_wait_list = {},
                          bool is_open = true) {
  return {.name = name, .capacity = capacity, .is_open = is_open, .open_changed_at = 1, .has_wait_list = has_wait_list};
}

const Capacity kRooms{380, 60, 380};

std::vector<RollOverItem> items_of(const RollOverSemester& from, const std::optional<RollOverSemester>& to,
                                   const RollOverChoice& choice) {
  return roll_over_items(from, to, choice, [](FacultyId faculty) { return "faculty " + std::to_string(faculty); });
}

std::vector<std::string> lines(const std::vector<RollOverItem>& items) {
  std::vector<std::string> texts;
  for (const auto& item : items) texts.push_back(text_of(item));
  return texts;
}

TEST(RollOverItems, ANewSemesterGetsTheRoomsAndTheWaitListOfTheOlderOne) {
  const auto items = items_of(semester("a", kRooms, true, false), {}, {.to = "b"});
  EXPECT_EQ(lines(items),
            (std::vector<std::string>{"+ b is open with 380 classrooms, 60 labs and 380 conversions, as in a",
                                      "+ its wait list is on, as in a"}));
  EXPECT_EQ(items[0].message.opens, kRooms);
  EXPECT_EQ(items[0].message.command.semester, "b");
  EXPECT_EQ(items[1].message.command.semester, "b");
  EXPECT_EQ(items[1].message.command.change, OfficeCommand::Change{SetWaitList{true}});
  EXPECT_EQ(items[1].message.command.expects, 0);
}

TEST(RollOverItems, EachItemIsAsChosenOrAsBefore) {
  const struct {
    Capacity before;
    RollOverChoice choice;
    Capacity rooms;
  } kCases[] = {
      {kRooms, {.to = "b", .labs = 70}, {380, 70, 380}},
      {kRooms, {.to = "b", .classrooms = 400}, {400, 60, 400}},
      {{380, 60, 40}, {.to = "b", .classrooms = 400}, {400, 60, 40}},
      {{380, 60, 40}, {.to = "b", .classrooms = 30}, {30, 60, 30}},
      {kRooms, {.to = "b", .mobile_labs = 5}, {380, 60, 5}},
      {kRooms, {.to = "b", .classrooms = 1, .labs = 2, .mobile_labs = 0}, {1, 2, 0}},
  };
  for (const auto& c : kCases) {
    const auto items = items_of(semester("a", c.before), {}, c.choice);
    EXPECT_EQ(items[0].message.opens, c.rooms);
    EXPECT_NE(text_of(items[0]).find(", and a differs"), std::string::npos) << text_of(items[0]);
    EXPECT_EQ(text_of(items[1]), "= its wait list is off, as in a");
  }
  const auto with_list = items_of(semester("a", kRooms), {}, {.to = "b", .has_wait_list = true});
  EXPECT_EQ(text_of(with_list[1]), "+ its wait list is on, and a differs");
  const auto without = items_of(semester("a", kRooms, true), {}, {.to = "b", .has_wait_list = false});
  EXPECT_EQ(text_of(without[1]), "= its wait list is off, and a differs");
}

TEST(RollOverItems, WhatIsThereIsDoneAndWhatDiffersIsTold) {
  const auto from = semester("a", kRooms, true, false);
  const struct {
    RollOverSemester to;
    State rooms;
    State wait_list;
  } kCases[] = {
      {semester("b", kRooms), State::kThere, State::kMissing},  // it stopped after the first item
      {semester("b", kRooms, true), State::kThere, State::kThere},
      {semester("b", kRooms, false), State::kThere, State::kDiffers},  // a colleague has turned it off
      {semester("b", {380, 61, 380}, true), State::kDiffers, State::kThere},
      {semester("b", {380, 60, 379}), State::kDiffers, State::kMissing},
      {semester("b", kRooms, true, false), State::kDiffers, State::kThere},
  };
  for (const auto& c : kCases) {
    const auto items = items_of(from, c.to, {.to = "b"});
    EXPECT_EQ(items[0].state, c.rooms) << text_of(items[0]);
    EXPECT_EQ(items[1].state, c.wait_list) << text_of(items[1]);
  }
  EXPECT_EQ(
      text_of(items_of(from, semester("b", {1, 2, 1}, false, false), {.to = "b"})[0]),
      "! b is open with 380 classrooms, 60 labs and 380 conversions, as in a: but b is closed with 1 classrooms, 2 "
      "labs and 1 conversions");
}

TEST(RollOverItems, ASemesterFollowsTheEntriesOfItsLedger) {
  RollOverSemester followed{.name = "a"};
  const auto add = [&](EntryKind kind, Seq seq, std::optional<SemesterSetting> setting = {}) {
    LedgerRow row;
    row.seq = seq;
    row.kind = stored_code(kind);
    if (setting) row.setting = static_cast<std::int64_t>(*setting);
    follow(followed, row);
  };
  add(EntryKind::kSemesterOpened, 1);
  add(EntryKind::kGranted, 2);
  EXPECT_EQ(followed, semester("a", {}));
  add(EntryKind::kSetting, 3, SemesterSetting::kWaitListOn);
  EXPECT_EQ(followed, semester("a", {}, true));
  add(EntryKind::kSetting, 4, SemesterSetting::kWaitListOff);
  EXPECT_EQ(followed, semester("a", {}, false));
  add(EntryKind::kSemesterClosed, 5);
  EXPECT_EQ(followed.is_open, false);
  EXPECT_EQ(followed.open_changed_at, 5);
  add(EntryKind::kSemesterReopened, 6);
  EXPECT_EQ(followed.is_open, true);
  EXPECT_EQ(followed.open_changed_at, 6);
}

TEST(RollOverItems, EachQuotaIsAnItem) {
  const Quota few{{40, false}, {5, true}};
  auto from = semester("a", kRooms);
  from.quotas = {{1, few}, {2, {}}, {3, {{}, {7, false}}}};
  const auto items = items_of(from, {}, {.to = "b"});
  EXPECT_EQ(lines(items), (std::vector<std::string>{
                              "+ b is open with 380 classrooms, 60 labs and 380 conversions, as in a",
                              "= its wait list is off, as in a",
                              "+ the quota of faculty 1 is at most 40 classrooms and at most 5 labs (soft), as in a",
                              "+ the quota of faculty 3 is at most 7 labs, as in a"}));
  EXPECT_EQ(items[2].message.command.change, (OfficeCommand::Change{SetQuota{"faculty 1", few}}));
  EXPECT_EQ(items[2].message.command.expects, 0);

  auto to = semester("b", kRooms);
  to.quotas = {{1, few}, {3, {{}, {8, false}}}};
  const auto again = items_of(from, to, {.to = "b"});
  EXPECT_EQ(again[2].state, State::kThere);
  EXPECT_EQ(text_of(again[3]), "! the quota of faculty 3 is at most 7 labs, as in a: but it is at most 8 labs");
}

TEST(RollOverItems, TheLastQuotaOfAFacultyCounts) {
  RollOverSemester followed{.name = "a"};
  for (const auto rooms : {5, 9}) {
    LedgerEntry entry;
    entry.kind = EntryKind::kQuotaSet;
    entry.faculty_id = 4;
    entry.quota = {{rooms, false}, {}};
    follow(followed, row_of(entry));
  }
  EXPECT_EQ(followed.quotas, (std::map<FacultyId, Quota>{{4, {{9, false}, {}}}}));
}

}  // namespace
}  // namespace dti
