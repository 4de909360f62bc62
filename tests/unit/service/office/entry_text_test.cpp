#include "dti/service/office/entry_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/service/office/fake_store.hpp"

namespace dti {
namespace {

using testing_support::about;
using testing_support::closed;
using testing_support::opened;

TEST(EntryText, EachKindIsASentence) {
  const ProgramName civil{"Derecho", "Derecho Civil"};
  const struct {
    LedgerRow row;
    const ProgramName* program;
    const char* text;
  } cases[] = {
      {opened({380, 60, 380}).row, nullptr, "the semester was opened with 380 classrooms, 60 labs and 380 conversions"},
      {about(2, 1, {7, 2}, {7, 1, 1}).row, &civil,
       "Derecho Civil of Derecho asked for 7 classrooms and 2 labs, and got all: 7 classrooms, 1 labs and 1 mobile "
       "labs"},
      {about(3, 1, {7, 2}, {5, 0, 0}).row, &civil,
       "Derecho Civil of Derecho asked for 7 classrooms and 2 labs, and got less: 5 classrooms, 0 labs and 0 mobile "
       "labs"},
      {about(4, 9, {7, 2}, {5, 0, 0}, EntryKind::kReleased).row, nullptr,
       "program 9 gave back 5 classrooms, 0 labs and 0 mobile labs"},
      {opened({400, 60, 10}, 5, EntryKind::kCapacityChanged).row, nullptr,
       "the capacity changed to 400 classrooms, 60 labs and 10 conversions"},
      {closed(6).row, nullptr, "the semester was closed"},
      {{.seq = 7, .kind = 99}, nullptr, "kind 99, which this version does not know"},
  };
  for (const auto& it : cases) EXPECT_EQ(entry_text(it.row, it.program), it.text);
  LedgerRow setting{.seq = 7, .kind = stored_code(EntryKind::kSetting)};
  setting.setting = 1;
  EXPECT_EQ(entry_text(setting, nullptr), "the wait list was turned on");
  setting.setting = 0;
  EXPECT_EQ(entry_text(setting, nullptr), "the wait list was turned off");
  LedgerRow leaving{.seq = 8, .kind = stored_code(EntryKind::kWaitingLeft)};
  leaving.program_id = 9;
  EXPECT_EQ(entry_text(leaving, nullptr), "program 9 left the wait list");
  LedgerRow opening{.seq = 9, .kind = stored_code(EntryKind::kRoundOpened)};
  opening.terms = "hash=00";
  EXPECT_EQ(entry_text(opening, nullptr), "a round was opened: hash=00");
}

}  // namespace
}  // namespace dti
