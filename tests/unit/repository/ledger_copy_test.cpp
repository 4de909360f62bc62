#include "dti/repository/binary/ledger_copy.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace dti {
namespace {

using namespace std::string_view_literals;

Batch batch_of(std::size_t size, const std::optional<std::string>& request_id) {
  Batch batch;
  batch.semester_id = 7;
  batch.base = 1;
  batch.at = WallTime{std::chrono::microseconds{946'684'800'000'001}};
  for (std::size_t i = 0; i < size; ++i) {
    LedgerEntry entry;
    entry.seq = batch.base + 1 + static_cast<Seq>(i);
    entry.program_id = 258;
    entry.want = {3, 2};
    entry.grant = {3, 1, 0};
    batch.entries.push_back(entry);
    batch.messages.push_back({request_id, 1});
  }
  return batch;
}

std::vector<std::string> pieces_of(const Batch& batch) {
  LedgerCopy copy{std::make_shared<const Batch>(batch), seal_of_bytes(std::string(kSealBytes, 's')).value()};
  std::vector<std::string> pieces;
  for (std::string piece; copy.next(piece);) pieces.push_back(piece);
  return pieces;
}

TEST(LedgerCopy, IsWhatPostgresqlReads) {
  const auto pieces = pieces_of(batch_of(1, "ab"));
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0],
            "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"
            "\0\x0e"
            "\0\0\0\4\0\0\0\7"                                  // semester
            "\0\0\0\x08\0\0\0\0\0\0\0\1"                        // at: microseconds since 2000
            "\0\0\0\2\0\0"                                      // kind: granted
            "\0\0\0\x08\0\0\0\0\0\0\0\2"                        // seq
            "\0\0\0\4\0\0\1\2"                                  // program
            "\0\0\0\4\0\0\0\1"                                  // generation
            "\0\0\0\4\0\0\0\3\0\0\0\4\0\0\0\2"                  // wanted
            "\0\0\0\4\0\0\0\3\0\0\0\4\0\0\0\1\0\0\0\4\0\0\0\0"  // granted
            "\0\0\0\2\0\1"                                      // status: partial
            "\0\0\0\2"
            "ab"
            "\0\0\0\x20ssssssssssssssssssssssssssssssss"  // seal
            "\xff\xff"sv);
}

TEST(LedgerCopy, ARequestWithoutAnIdHasNull) {
  const auto pieces = pieces_of(batch_of(1, std::nullopt));
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_TRUE(pieces[0].ends_with("\0\1\xff\xff\xff\xff\0\0\0\x20ssssssssssssssssssssssssssssssss\xff\xff"sv));
}

TEST(LedgerCopy, OnlyTheLastEntryKeepsTheSeal) {
  const auto pieces = pieces_of(batch_of(2, "ab"));
  ASSERT_EQ(pieces.size(), 1U);
  const auto seal = pieces[0].find(std::string(kSealBytes, 's'));
  EXPECT_EQ(seal, pieces[0].size() - kSealBytes - 2);
  EXPECT_NE(pieces[0].find("ab\xff\xff\xff\xff\0\x0e"sv), std::string::npos);
}

TEST(LedgerCopy, GivesALargeBatchInPiecesOfBoundedSize) {
  const auto pieces = pieces_of(batch_of(5'000, std::string(64, 'x')));
  ASSERT_GT(pieces.size(), 5U);
  std::size_t rows = 0;
  for (const auto& piece : pieces) {
    EXPECT_LE(piece.size(), 65U * 1024);
    for (auto at = piece.find(std::string(64, 'x')); at != std::string::npos;
         at = piece.find(std::string(64, 'x'), at + 64)) {
      ++rows;
    }
  }
  EXPECT_EQ(rows, 5'000U);
}

}  // namespace
}  // namespace dti
