#include "dti/service/ledger/round_terms.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dti {
namespace {

Seal seal_of(std::uint8_t byte) {
  Seal seal;
  seal.bytes.fill(byte);
  return seal;
}

TEST(RoundTerms, HaveOneTextEach) {
  const RoundTerms terms{Policy::kFloors, 12, 300, {seal_of(0xAB).bytes}, seal_of(1), seal_of(2)};
  std::string ab, one, two;
  for (int i = 0; i < 32; ++i) {
    ab += "ab";
    one += "01";
    two += "02";
  }
  EXPECT_EQ(text_of(terms),
            "policy=floors version=1 opened=12 grants=300 secret=" + ab + " plan=" + one + " seal=" + two);
  EXPECT_EQ(parse_round_terms(text_of(terms)), terms);
  EXPECT_EQ(opening_text(seal_of(1)), "hash=" + one);
  EXPECT_EQ(parse_opening("hash=" + one), seal_of(1));
  const Ask ask{.program = 3, .want = {1, 2}, .priority_class = 2, .weight = 7, .floor = 4};
  EXPECT_EQ(ask_text(ask), "class=2 weight=7 floor=4");
  Ask read{.program = 3, .want = {1, 2}};
  EXPECT_TRUE(read_ask_text("class=2 weight=7 floor=4", read));
  EXPECT_EQ(read, ask);
}

TEST(RoundTerms, RefuseEveryOtherText) {
  const auto good = text_of(RoundTerms{Policy::kMaxMin, 12, 300, {}, seal_of(1), seal_of(2)});
  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const auto& text :
       {std::string{}, good + ' ', ' ' + good, with("max-min", "fair"), with("version=1", "version=2"),
        with("opened=12", "opened=0"), with("opened=12", "opened=012"), with("grants=300", "grants=0"),
        with("grants=300", "grants=-1"), with("plan=01", "plan=0"), with("plan=01", "plan=0G"), with(" seal=", " x="),
        with("grants=300 ", "")}) {
    EXPECT_FALSE(parse_round_terms(text)) << text;
  }
  for (const auto* text : {"", "hash=", "hash=01", "HASH=0"}) EXPECT_FALSE(parse_opening(text)) << text;
  for (const auto* text :
       {"", "class=1 weight=1", "class=1 weight=0 floor=0", "class=1 weight=1001 floor=0", "class=1 weight=1 floor=-1",
        "class=1 weight=1 floor=2000001", "class=1000001 weight=1 floor=0", "class=01 weight=1 floor=0",
        "class=1 weight=1 floor=0 ", "weight=1 class=1 floor=0"}) {
    Ask ask;
    EXPECT_FALSE(read_ask_text(text, ask)) << text;
    EXPECT_EQ(ask, Ask{});
  }
}

TEST(RoundTerms, TheHashOfAPlanAndTheCommitmentAreThoseOfAnyImplementation) {
  const RoundPlan plan{
      "00ff", "2026-10", "max-min", {{.program = 1, .want = {2, 3}}, {.program = 4, .want = {5, 6}, .weight = 2}}};
  EXPECT_EQ(hex_text(hash_of(plan)), "e7fd73205afbeacb6cc319c893a544a25412d98795a5d95ceb3d04521ce7c79b");
  EXPECT_EQ(hex_text(commitment_of({seal_of(7).bytes}, hash_of(plan))),
            "d81dffb2844c5109f82ad3511b0f6dec1017b73f6d74f5cca160147e97e92764");
}

TEST(RoundTerms, EachPartOfAPlanChangesItsHash) {
  const RoundPlan plan{"s", "2026-10", "max-min", {{.program = 1, .want = {2, 3}}}};
  auto others = std::vector<RoundPlan>(9, plan);
  others[0].store = "t";
  others[1].semester = "2026-20";
  others[2].policy = "drf";
  others[3].asks[0].program = 2;
  others[4].asks[0].want.labs = 4;
  others[5].asks[0].priority_class = 2;
  others[6].asks[0].weight = 2;
  others[7].asks[0].floor = 2;
  others[8].asks.push_back({.program = 2, .want = {0, 0}});
  for (const auto& other : others) EXPECT_NE(hash_of(other), hash_of(plan));
}

}  // namespace
}  // namespace dti
