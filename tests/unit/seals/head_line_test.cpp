#include "dti/service/ledger/head_line.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

const StoreId kStore{{1, 2, 3}};
const WallTime kAt{std::chrono::microseconds{1'760'000'000'123'456}};
const SigningSecretKey kKey{std::array<std::uint8_t, kSigningKeyBytes>{7}};
const std::vector<SigningPublicKey> kKeys{public_half(kKey)};

Seal seal(std::uint8_t first) { return Seal{{first}}; }

/// A store whose registry and semester 1 have a seal in each entry.
struct Store {
  std::map<std::pair<SemesterId, Seq>, RowSeal> rows{
      {{0, 1}, {true, seal(1)}}, {{1, 1}, {true, seal(2)}}, {{1, 2}, {true, seal(3)}}, {{1, 3}, {true, std::nullopt}}};

  [[nodiscard]] SealReader reader() const {
    return [this](SemesterId chain, Seq seq) {
      const auto found = rows.find({chain, seq});
      return found == rows.end() ? RowSeal{} : found->second;
    };
  }
};

HeadLine line_of(Seq head, const Seal& its_seal, const SigningSecretKey& key = kKey) {
  return sign_heads({kStore, {{0, {1, seal(1)}}, {1, {head, its_seal}}, {2, {}}}}, kAt, key);
}

std::string checked(const std::vector<HeadLine>& lines, const Store& store = {}) {
  std::string found;
  for (const auto& sentence : check_witness(lines, kKeys, kStore, store.reader())) found += sentence + '\n';
  return found;
}

TEST(HeadLine, HasTheHeadsThatAreSealedAndCanBeReadAgain) {
  const auto line = line_of(2, seal(3));
  const auto text = head_line_text(line);
  EXPECT_TRUE(text.starts_with("dti-head:1;01020300000000000000000000000000;20251009T085320Z;0:1,1:2;")) << text;
  const auto read = parse_witness(text);
  ASSERT_EQ(read.lines.size(), 1U);
  EXPECT_EQ(read.lines[0], line);
  EXPECT_EQ(read.fault, std::nullopt);
  EXPECT_EQ(checked(read.lines), "");
}

TEST(HeadLine, SurvivesAMail) {
  const auto text = head_line_text(line_of(2, seal(3)));
  std::string mail = "From: server\nSubject: dti-head\n\nHello,\n";
  for (std::size_t at = 0; at < text.size(); at += 60) mail += "> > " + text.substr(at, 60) + " \r\n";
  mail += "\nRegards. x; y\n";
  const auto read = parse_witness(mail + text + "\n");
  ASSERT_EQ(read.lines.size(), 2U);
  EXPECT_EQ(head_line_text(read.lines[0]), text);
  EXPECT_EQ(head_line_text(read.lines[1]), text);
  EXPECT_EQ(read.fault, std::nullopt);
}

TEST(HeadLine, SurvivesAMailInQuotedPrintable) {
  const auto text = head_line_text(line_of(2, seal(3)));
  for (const std::string row_end : {"\n", "\r\n"}) {
    std::string mail;
    for (std::size_t at = 0; at < text.size(); at += 75) {
      mail += text.substr(at, 75) + (at == 0 ? "=20" : "=") + row_end;
    }
    const auto read = parse_witness(mail + row_end);
    ASSERT_EQ(read.lines.size(), 1U);
    EXPECT_EQ(head_line_text(read.lines[0]), text);
    EXPECT_EQ(read.fault, std::nullopt);
  }
}

TEST(HeadLine, ADamagedLineIsAFaultAndTheOthersAreRead) {
  const auto text = head_line_text(line_of(2, seal(3)));
  auto damaged = text;
  damaged.erase(70, 1);
  const auto read = parse_witness(text + "\n" + damaged + "\n" + text + "\n" + text.substr(0, 100));
  EXPECT_EQ(read.lines.size(), 2U);
  EXPECT_EQ(read.fault, "2 of 4 head lines in the file cannot be read; the first one is number 2");
}

TEST(HeadLine, AnyNumberOfLinesWithoutAnEndCostsOneSentence) {
  std::string file;
  constexpr int kLines = 200'000;  // with a search for the end from each of them, this took minutes
  for (int i = 0; i < kLines; ++i) file += "dti-head:1;";
  const auto read = parse_witness(file + '.');
  EXPECT_TRUE(read.lines.empty());
  EXPECT_EQ(read.fault, "200000 of 200000 head lines in the file cannot be read; the first one is number 1");
}

TEST(HeadLine, AnEntryThatSeveralLinesNameIsReadOnce) {
  std::size_t reads = 0;
  const Store store;
  const SealReader counting = [&](SemesterId chain, Seq seq) {
    ++reads;
    return store.reader()(chain, seq);
  };
  const auto line = line_of(2, seal(3));
  EXPECT_TRUE(check_witness({line, line, line}, kKeys, line.store, counting).empty());
  EXPECT_EQ(reads, line.heads.size());
}

TEST(HeadLine, AChangedLineDoesNotFitItsSignature) {
  auto line = line_of(2, seal(3));
  line.heads[1] = 1;
  EXPECT_EQ(checked({line}),
            "the head line of 20251009T085320Z has a signature that does not fit: the line was changed\n");
}

TEST(HeadLine, AnotherKeyOrStoreIsSaid) {
  const SigningSecretKey other{std::array<std::uint8_t, kSigningKeyBytes>{8}};
  EXPECT_NE(checked({line_of(2, seal(3), other)}).find("signed by a key that is not listed"), std::string::npos);
  const auto line = line_of(2, seal(3));
  const auto found = check_witness({line}, kKeys, StoreId{{9}}, Store{}.reader());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("is of another store"), std::string::npos);
}

TEST(HeadLine, FindsARemovedEndARewrittenHistoryAndARemovedSeal) {
  EXPECT_NE(checked({line_of(4, seal(5))}).find("entry 4 of semester number 1, and the store does not"),
            std::string::npos);
  EXPECT_NE(checked({line_of(2, seal(9))}).find("history before it was rewritten"), std::string::npos);
  EXPECT_NE(checked({line_of(3, seal(4))}).find("entry 3 of semester number 1 has no seal"), std::string::npos);
}

TEST(HeadLine, TwoSignedLinesWithTheSameHeadsAndOtherRootsAreAProof) {
  const auto found = checked({line_of(2, seal(3)), line_of(2, seal(9)), line_of(1, seal(2))});
  EXPECT_NE(found.find("have the same heads and different roots, and both are signed"), std::string::npos) << found;
}

}  // namespace
}  // namespace dti
