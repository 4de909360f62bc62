// The messages and the plans of rounds.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/protocol/round_plan_codec.hpp"

namespace dti {
namespace {

const std::string kHash(64, 'a');

OfficeMessage message_of(OfficeCommand::Change change) {
  OfficeMessage message;
  message.command.id = "c-1";
  message.command.expects = 12;
  message.command.semester = "2026-10";
  message.command.change = std::move(change);
  return message;
}

RoundPlan plan_of(std::vector<Ask> asks) { return {"00ff", "2026-10", "weighted", std::move(asks)}; }

/// The message that decodes from these bytes; or its fault.
std::variant<OfficeMessage, std::string> decoded(const std::string& body) {
  const auto found = decode_office_message(body);
  if (!found) return "no message of the office";
  if (const auto* malformed = std::get_if<MalformedCommand>(&*found)) return malformed->detail;
  return std::get<OfficeMessage>(*found);
}

TEST(RoundMessages, AreReadAsTheyWereWritten) {
  const std::vector<Ask> asks = {{.program = 3, .want = {10, 4}},
                                 {.program = 8, .want = {6, 0}, .priority_class = 2, .weight = 5, .floor = 7}};
  for (const auto& change :
       {OfficeCommand::Change{OpenRound{kHash}}, OfficeCommand::Change{RunRound{plan_of(asks), kHash}},
        OfficeCommand::Change{RunRound{plan_of({asks[0]}), kHash}}}) {
    const auto message = message_of(change);
    EXPECT_EQ(std::get<OfficeMessage>(decoded(encode_office_message(message))), message);
  }
}

TEST(RoundMessages, HaveOnlyTheListsThatAreNeeded) {
  const auto plain = encode_office_message(message_of(RunRound{plan_of({{.program = 3, .want = {10, 4}}}), kHash}));
  EXPECT_NE(plain.find("\"programs\":[3],\"classrooms\":[10],\"labs\":[4]}"), std::string::npos) << plain;
  const auto weighted =
      encode_office_message(message_of(RunRound{plan_of({{.program = 3, .want = {10, 4}, .weight = 2}}), kHash}));
  EXPECT_NE(weighted.find("\"labs\":[4],\"weights\":[2]}"), std::string::npos) << weighted;
}

TEST(RoundMessages, TellTheFirstFault) {
  const auto good = encode_office_message(message_of(
      RunRound{plan_of({{.program = 3, .want = {10, 4}, .weight = 2}, {.program = 4, .want = {1, 1}}}), kHash}));
  const struct {
    const char* from;
    std::string to;
    const char* fault;
  } cases[] = {
      {"\"store\":\"00ff\",", "", "store: is missing"},
      {"\"policy\":\"weighted\",", "", "policy: is missing"},
      {"\"secret\":\"aa", "\"secret\":\"a", "secret: must"},
      {"\"secret\":\"aa", "\"secret\":\"aG", "secret: must be hexadecimal digits in lower case"},
      {"\"programs\":[3,4]", "\"programs\":[]", "programs: must have at least one number"},
      {"\"programs\":[3,4]", "\"programs\":[3,3]", "programs: must name each program once: 3"},
      {"\"programs\":[3,4]", "\"programs\":[0,4]", "programs: must be whole numbers from 1 to"},
      {"\"programs\":[3,4]", "\"programs\":[3,4294967296]", "programs: must be whole numbers from 1 to"},
      {"\"programs\":[3,4]", "\"programs\":3", "programs: must be a list of numbers"},
      {"\"labs\":[4,1]", "\"labs\":[4]", "labs: must have as many numbers as programs"},
      {"\"labs\":[4,1]", "\"labs\":[4,1,1]", "labs: must have as many numbers as programs"},
      {"\"labs\":[4,1]", "\"labs\":[4,1000001]", "labs: must be whole numbers from 0 to"},
      {"\"labs\":[4,1]", "\"labs\":[4,-1]", "labs: must be whole numbers from 0 to"},
      {",\"labs\":[4,1]", "", "labs: must be a list of numbers"},
      {"\"weights\":[2,1]", "\"weights\":[2,0]", "weights: must be whole numbers from 1 to 1000"},
      {"\"weights\":[2,1]", "\"weights\":[2,1001]", "weights: must be whole numbers from 1 to 1000"},
  };
  for (const auto& [from, to, fault] : cases) {
    auto body = good;
    body.replace(body.find(from), std::string{from}.size(), to);
    const auto found = decoded(body);
    ASSERT_TRUE(std::holds_alternative<std::string>(found)) << fault;
    EXPECT_EQ(std::get<std::string>(found).substr(0, std::string{fault}.size()), fault);
  }
}

TEST(RoundMessages, Of50000ProgramsFitIntoAFrame) {
  std::vector<Ask> asks;
  for (ProgramId id = 1; id <= kRoundAsksMax; ++id) {
    asks.push_back({.program = 50'000 + id, .want = {99, 99}, .priority_class = 9, .weight = 9, .floor = 99});
  }
  const auto message = message_of(RunRound{plan_of(asks), kHash});
  const auto body = encode_office_message(message);
  EXPECT_LT(body.size(), kFrameBytesMax);
  EXPECT_EQ(std::get<OfficeMessage>(decoded(body)), message);
  asks.push_back({.program = 7, .want = {1, 1}});
  EXPECT_EQ(std::get<std::string>(decoded(encode_office_message(message_of(RunRound{plan_of(asks), kHash})))),
            "programs: must have at most 50000 numbers");
}

TEST(RoundReplies, HaveTheFactsOfARound) {
  OfficeReply reply{.command_id = "c-1", .is_dry_run = false, .outcome = {}, .has_facts = true};
  reply.outcome.seq = 13;
  reply.outcome.round = RoundFacts{300, 2};
  EXPECT_EQ(decode_office_reply(encode_office_reply(reply))->outcome.round, (RoundFacts{300, 2}));
  reply.outcome.round.reset();
  EXPECT_EQ(decode_office_reply(encode_office_reply(reply))->outcome.round, std::nullopt);
}

TEST(RoundPlans, AreReadAsTheyWereWritten) {
  const auto plan = plan_of({{.program = 3, .want = {10, 4}}, {.program = 8, .want = {6, 0}, .floor = 7}});
  EXPECT_EQ(std::get<RoundPlan>(decode_round_plan(encode_round_plan(plan))), plan);
  for (const auto& [text, fault] : {std::pair{"", "the "}, std::pair{"{}", "dti-round-plan: must be 1"},
                                    std::pair{"{\"dti-round-plan\":1}", "store: is missing"}}) {
    const auto found = decode_round_plan(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(found)) << text;
    EXPECT_EQ(std::get<std::string>(found).substr(0, std::string{fault}.size()), fault);
  }
}

}  // namespace
}  // namespace dti
