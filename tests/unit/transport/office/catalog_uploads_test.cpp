#include "transport/server/catalog_uploads.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dti {
namespace {

class CatalogUploadsTest : public testing::Test {
 protected:
  static OfficeMessage part(std::int64_t number, std::int64_t of, std::size_t rows = 1, std::string id = "plan-1") {
    OfficeMessage message;
    message.command.id = std::move(id);
    message.command.catalog.emplace();
    for (std::size_t i = 0; i < rows; ++i) {
      message.command.catalog->rows.push_back({"f", "p" + std::to_string(number) + '-' + std::to_string(i)});
    }
    message.part = number;
    message.parts = of;
    return message;
  }
  /// The number of parts that are held; none if the change is whole or refused.
  std::optional<std::int64_t> held(OfficeMessage message, const std::string& sender = "ana") {
    taken_ = uploads_.take(sender, std::move(message));
    const auto* const held = std::get_if<CatalogUploads::Held>(&taken_);
    return held == nullptr ? std::nullopt : std::optional{held->parts};
  }
  /// How many programs the change has that is whole with this part; 0 if it is not.
  std::size_t whole(OfficeMessage message, const std::string& sender = "ana") {
    taken_ = uploads_.take(sender, std::move(message));
    const auto* const rows = std::get_if<std::vector<CatalogRow>>(&taken_);
    return rows == nullptr ? 0 : rows->size();
  }

  CatalogUploads uploads_;
  std::variant<std::vector<CatalogRow>, CatalogUploads::Held, RequestError> taken_;
};

TEST_F(CatalogUploadsTest, AChangeOfOnePartIsWholeAtOnce) {
  EXPECT_EQ(whole(part(1, 1, 3)), 3U);
  EXPECT_EQ(uploads_.rows(), 0U);
}

TEST_F(CatalogUploadsTest, PartsAreCollectedInOrderAndGoneOnceTheyAreWhole) {
  EXPECT_EQ(held(part(3, 3)), 0) << "this server does not have the others";
  EXPECT_EQ(held(part(1, 3, 2)), 1);
  EXPECT_EQ(held(part(2, 3, 2)), 2);
  EXPECT_EQ(whole(part(3, 3, 2)), 6U);
  const auto& rows = std::get<std::vector<CatalogRow>>(taken_);
  EXPECT_EQ(rows.front().program, "p1-0");
  EXPECT_EQ(rows.back().program, "p3-1");
  EXPECT_EQ(uploads_.rows(), 0U);
  EXPECT_EQ(held(part(3, 3)), 0);
}

TEST_F(CatalogUploadsTest, ACopyOfAPartChangesNothingAndAPartThatIsMissingIsAskedFor) {
  EXPECT_EQ(held(part(1, 4)), 1);
  EXPECT_EQ(held(part(1, 4)), 1);
  EXPECT_EQ(held(part(3, 4)), 1);
  EXPECT_EQ(held(part(2, 4)), 2);
  EXPECT_EQ(held(part(1, 4)), 2);
  EXPECT_EQ(uploads_.rows(), 2U);
}

TEST_F(CatalogUploadsTest, SendersAndCommandsDoNotMix) {
  EXPECT_EQ(held(part(1, 2)), 1);
  EXPECT_EQ(held(part(2, 2), "eva"), 0);
  EXPECT_EQ(held(part(2, 2, 1, "plan-2")), 0);
  EXPECT_EQ(held(part(2, 3)), 0) << "another number of parts";
  EXPECT_EQ(whole(part(2, 2)), 2U);
}

TEST_F(CatalogUploadsTest, TheOldestChangesAreForgottenFirst) {
  for (const auto* id : {"a", "b", "c", "d"}) EXPECT_EQ(held(part(1, 3, 1, id)), 1);
  EXPECT_EQ(held(part(2, 3, 1, "a")), 2) << "it grew, so it is the newest";
  EXPECT_EQ(held(part(1, 3, 1, "e")), 1);
  EXPECT_EQ(held(part(2, 3, 1, "b")), 0);
  EXPECT_EQ(whole(part(3, 3, 1, "a")), 3U);
}

TEST_F(CatalogUploadsTest, TheNumberOfProgramsIsLimitedForOneAndForAll) {
  EXPECT_EQ(held(part(1, 9, 150'000, "a")), 1);
  EXPECT_EQ(held(part(1, 9, 100'000, "b")), 1);
  EXPECT_EQ(uploads_.rows(), 100'000U) << "the older one was forgotten";
  EXPECT_EQ(held(part(2, 9, 100'000, "b")), 2);
  EXPECT_EQ(held(part(3, 9, 1, "b")), std::nullopt);
  ASSERT_TRUE(std::holds_alternative<RequestError>(taken_));
  EXPECT_EQ(std::get<RequestError>(taken_).status, Status::kInvalidRequest);
  EXPECT_EQ(uploads_.rows(), 0U);
}

}  // namespace
}  // namespace dti
