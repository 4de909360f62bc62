#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

#include "dti/protocol/office_codec.hpp"
#include "unit/protocol/golden.hpp"

namespace dti {
namespace {

const ProgramName kCivil{"Derecho", "Derecho Civil"};

OfficeMessage message(OfficeCommand::Change change) {
  OfficeMessage sent;
  sent.command.id = "c-1";
  sent.command.expects = 7;
  sent.command.actor = "local/1000";
  sent.command.note = "for the \"council\"";
  sent.command.semester = "2025-10";
  sent.command.change = std::move(change);
  return sent;
}

OfficeMessage message(ProgramName of, std::optional<std::string> new_name) {
  auto sent = message(ReleaseGrant{});
  sent.command.semester.clear();
  sent.command.catalog = ChangeCatalog{.store = std::string(32, 'a'), .rows = {}};
  sent.command.catalog->program = ChangeProgram{std::move(of), std::move(new_name)};
  return sent;
}

/// What a program sends to its faculty, which adds its own name and the actor.
OfficeMessage of_program() {
  auto sent = message(AmendGrant{{"", "Derecho Civil"}, {5, 1}, false});
  sent.command.actor.clear();
  return sent;
}

OfficeMessage passed_on() {
  auto sent = of_program();
  std::get<AmendGrant>(sent.command.change).of.faculty = "Derecho";
  sent.command.actor = "program/civil";
  return sent;
}

RunRound round() {
  RunRound run;
  run.plan = {.store = std::string(32, 'a'), .semester = "2025-10", .policy = "weighted", .asks = {}};
  Ask first{.program = 3, .want = {10, 4}};
  Ask second{.program = 8, .want = {6, 0}};
  second.weight = 2;
  run.plan.asks = {first, second};
  run.secret = std::string(62, '0') + "7a";
  return run;
}

OfficeReply reply(std::optional<RequestError> error = {}) {
  OfficeReply sent{"c-1", false, {}, true};
  auto& outcome = sent.outcome;
  outcome.error = std::move(error);
  outcome.seq = 9;
  outcome.capacity = {380, 60, 380};
  outcome.left = {370, 58, 370};
  outcome.is_open = true;
  return sent;
}

OfficeReply holding(Want want, Grant grant) {
  auto sent = reply();
  sent.outcome.grant = HeldGrant{want, grant};
  return sent;
}

OfficeReply of_round(std::int64_t programs, std::int64_t left_out) {
  auto sent = reply();
  sent.outcome.round = RoundFacts{programs, left_out};
  return sent;
}

OfficeReply of_catalog(const std::string& program, bool is_retired) {
  OfficeReply sent{"c-1", false, {}, true};
  sent.outcome.seq = 65;
  sent.outcome.catalog =
      CatalogFacts{std::string(32, 'a'), 11, 53, 0, 0, ProgramFacts{{"Derecho", program}, is_retired}};
  return sent;
}

TEST(OfficeGolden, RoundsHoldsAndCommandsOfProgramsAreWrittenByteForByteAndReadBack) {
  const struct {
    const char* folder;
    OfficeMessage message;
    OfficeReply reply;
  } kExchanges[] = {
      {"office-round-open", message(OpenRound{std::string(62, 'f') + "01"}), reply()},
      {"office-round-run", message(round()), of_round(2, 1)},
      {"office-round-refused", message(round()),
       reply(RequestError{Status::kRefused, "the secret and the plan do not fit the opening in entry 9", {}, ""})},
      {"office-hold-confirm-whole", message(ConfirmHold{kCivil}), holding({5, 1}, {5, 1, 0})},
      {"office-hold-confirmed", message(ConfirmHold{kCivil}),
       reply(RequestError{Status::kHoldConfirmed, "the hold was confirmed: see entry 9", {}, ""})},
      {"office-hold-cancel", message(CancelHold{kCivil}), reply()},
      {"office-hold-cancelled", message(CancelHold{kCivil}),
       reply(RequestError{Status::kHoldCancelled, "the hold was cancelled: see entry 9", {}, ""})},
      {"office-rename", message(kCivil, "Derecho Privado"), of_catalog("Derecho Privado", false)},
      {"office-retire", message(kCivil, std::nullopt), of_catalog("Derecho Civil", true)},
      {"program-amend", of_program(), holding({5, 1}, {5, 1, 0})},
      {"program-amend-passed-on", passed_on(), holding({5, 1}, {5, 1, 0})},
  };
  for (const auto& exchange : kExchanges) {
    SCOPED_TRACE(exchange.folder);
    const std::string folder = exchange.folder;
    const auto request = golden(folder + "/request.json");
    EXPECT_EQ(encode_office_message(exchange.message), request);
    const auto decoded = decode_office_message(request);
    ASSERT_TRUE(decoded && std::holds_alternative<OfficeMessage>(*decoded));
    EXPECT_EQ(std::get<OfficeMessage>(*decoded), exchange.message);
    const auto bytes = golden(folder + "/reply.json");
    EXPECT_EQ(encode_office_reply(exchange.reply), bytes);
    EXPECT_EQ(decode_office_reply(bytes), exchange.reply);
  }
}

}  // namespace
}  // namespace dti
