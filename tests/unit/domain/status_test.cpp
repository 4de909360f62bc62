#include "dti/domain/status.hpp"

#include <gtest/gtest.h>

#include "dti/domain/ledger.hpp"

namespace dti {
namespace {

TEST(Status, EachHasATextOfItsOwnThatReadsBack) {
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_EQ(status_from_wire(wire_text(status)), status) << wire_text(status);
  }
}

TEST(Status, AnUnknownTextIsNone) {
  for (const auto* text : {"", "ok", "OK ", "SOMETHING"}) EXPECT_EQ(status_from_wire(text), std::nullopt) << text;
}

TEST(Status, OnlyWhatAnotherTryMayMendMayBeRetried) {
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    const bool expected =
        status == Status::kNotLeader || status == Status::kOverloaded || status == Status::kUnavailable;
    EXPECT_EQ(may_retry(status), expected) << wire_text(status);
  }
}

TEST(Status, WholeRequestErrorsComeBeforeAProgramsOwn) {
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_EQ(is_whole_request(status), status < Status::kInvalidProgram) << wire_text(status);
  }
}

TEST(EntryKind, EachHasAStoredTextThatReadsBack) {
  for (int i = 0; i < kEntryKindCount; ++i) {
    const auto kind = static_cast<EntryKind>(i);
    EXPECT_EQ(entry_kind_from_store(stored_text(kind)), kind);
  }
  EXPECT_EQ(stored_text(EntryKind::kWaitingLeft), "waiting-left");
  EXPECT_EQ(stored_text(Cause::kToppedUp), "topped-up");
  EXPECT_EQ(entry_kind_from_store("granted "), std::nullopt);
}

}  // namespace
}  // namespace dti
