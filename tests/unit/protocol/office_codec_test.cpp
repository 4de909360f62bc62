#include "dti/protocol/office_codec.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "unit/protocol/golden.hpp"

namespace dti {
namespace {

using std::chrono::milliseconds;

const ProgramName kCivil{"Derecho", "Derecho Civil"};
constexpr Capacity kCapacity{380, 60, 380};

std::string fault(const std::string& body) {
  const auto decoded = decode_office_message(body);
  if (!decoded) return "no command";
  const auto* malformed = std::get_if<MalformedCommand>(&*decoded);
  return malformed == nullptr ? "none" : malformed->detail;
}

/// A message with these members after the first ones.
std::string message(const std::string& command, const std::string& rest) {
  return R"({"dti-command":1,"command":")" + command + R"(","command-id":"c-1","semester":"s")" + rest + "}";
}

OfficeCommand command_of(OfficeCommand::Change change) {
  return {.id = "c-1",
          .expects = 7,
          .actor = "local/1000",
          .note = "moved to \"Artes\"",
          .is_dry_run = false,
          .semester = "2025-10",
          .change = std::move(change)};
}

OfficeCommand catalog_command(std::vector<CatalogRow> rows) {
  OfficeCommand command;
  command.id = "plan-1";
  command.expects = 7;
  command.actor = "local/1000";
  command.catalog = ChangeCatalog{.store = std::string(32, 'a'), .rows = std::move(rows), .earlier = {"plan-0"}};
  return command;
}

const std::vector<OfficeMessage>& messages() {
  static const std::vector<OfficeMessage> kMessages = [] {
    std::vector<OfficeMessage> all;
    const std::vector<OfficeCommand::Change> changes{ReleaseGrant{kCivil},
                                                     AmendGrant{kCivil, {5, 1}, false},
                                                     AmendGrant{kCivil, {1'000'000, 0}, true},
                                                     ResizeSemester{kCapacity},
                                                     CloseSemester{},
                                                     ReopenSemester{},
                                                     SetWaitList{true},
                                                     SetWaitList{false},
                                                     LeaveWaitList{kCivil},
                                                     ConfirmHold{kCivil},
                                                     ConfirmHold{kCivil, Want{5, 0}},
                                                     ExtendHold{kCivil, 2'592'000},
                                                     CancelHold{kCivil},
                                                     CloseSemester{OpenHoldsAtClose::kConfirm},
                                                     CloseSemester{OpenHoldsAtClose::kCancel},
                                                     SetQuota{"Derecho", {{40, false}, {5, true}}},
                                                     SetQuota{"Derecho", {{}, {1'000'000'000, false}}},
                                                     SetQuota{"Derecho", {}}};
    for (const auto& change : changes) all.push_back({command_of(change)});
    auto dry_run = command_of(CloseSemester{});
    dry_run.is_dry_run = true;
    dry_run.expects.reset();
    all.push_back({dry_run});
    all.push_back(
        {catalog_command({{"Artes", "Danza"}, {"Artes", "Dise\u00F1o \"2\""}, {"Derecho", "x"}, {"Artes", "y"}})});
    auto question = catalog_command({{"Artes", "Danza"}});
    question.is_dry_run = true;
    question.catalog->store.clear();
    all.push_back({question});
    for (const auto& new_name : {std::optional<std::string>{"Derecho \"2\""}, std::optional<std::string>{}}) {
      auto changed = catalog_command({});
      changed.catalog->earlier.clear();
      changed.catalog->program = ChangeProgram{kCivil, new_name};
      all.push_back({changed});
    }
    OfficeCommand opening;
    opening.id = "c-2";
    opening.semester = "2026-10";
    all.push_back({opening, Capacity{1'000'000'000, 0, 0}});
    return all;
  }();
  return kMessages;
}

TEST(OfficeMessage, EachIsReadBackAsItWasWritten) {
  for (const auto& sent : messages()) {
    const auto body = encode_office_message(sent);
    SCOPED_TRACE(body);
    EXPECT_TRUE(may_be_office_message(body));
    const auto decoded = decode_office_message(body);
    ASSERT_TRUE(decoded && std::holds_alternative<OfficeMessage>(*decoded)) << fault(body);
    EXPECT_EQ(std::get<OfficeMessage>(*decoded), sent);
  }
}

TEST(OfficeMessage, AVerbIsThatOfTheChange) {
  const OfficeVerb kVerbs[] = {
      OfficeVerb::kReleaseGrant,  OfficeVerb::kAmendGrant,     OfficeVerb::kAmendGrant,    OfficeVerb::kResizeSemester,
      OfficeVerb::kCloseSemester, OfficeVerb::kReopenSemester, OfficeVerb::kSetWaitList,   OfficeVerb::kSetWaitList,
      OfficeVerb::kLeaveWaitList, OfficeVerb::kConfirmHold,    OfficeVerb::kConfirmHold,   OfficeVerb::kExtendHold,
      OfficeVerb::kCancelHold,    OfficeVerb::kCloseSemester,  OfficeVerb::kCloseSemester, OfficeVerb::kSetQuota,
      OfficeVerb::kSetQuota,      OfficeVerb::kSetQuota,       OfficeVerb::kCloseSemester, OfficeVerb::kChangeCatalog,
      OfficeVerb::kChangeCatalog, OfficeVerb::kRenameProgram,  OfficeVerb::kRetireProgram, OfficeVerb::kOpenSemester};
  ASSERT_EQ(std::size(kVerbs), messages().size());
  for (std::size_t i = 0; i < messages().size(); ++i) EXPECT_EQ(verb_of(messages()[i]), kVerbs[i]) << i;
}

TEST(OfficeMessage, WhatIsWrongIsNamed) {
  const std::string program = R"(,"faculty":"f","program":"p")";
  const std::string rooms = R"(,"classrooms":1,"labs":1)";
  const struct {
    std::string body;
    std::string fault;
  } kCases[] = {
      {"", "no command"},
      {"[]", "no command"},
      {R"({"semester":"s"})", "no command"},
      {R"({"dti-command":2})", "dti-command: must be 1"},
      {R"({"dti-command":"1"})", "dti-command: must be 1"},
      {R"({"dti-command":1,"dti-command":1})", "dti-command: is given twice"},
      {R"({"dti-command":1})", "command: is missing"},
      {R"({"dti-command":1,"command":"drop"})", "command: is not a known command"},
      {R"({"dti-command":1,"command":7})", "command: is not a known command"},
      {R"({"dti-command":1,"command":"close-semester"})", "command-id: is missing"},
      {R"({"dti-command":1,"command":"close-semester","command-id":""})",
       "command-id: must be a text of 1 to 64 bytes"},
      {R"({"dti-command":1,"command":"close-semester","command-id":"a\u0000"})", "command-id: holds U+0000"},
      {message("close-semester", ""), "expects: is missing"},
      {message("close-semester", R"(,"expects":-1)"), "expects: must be a whole number from 0 to 9223372036854775807"},
      {message("close-semester", R"(,"expects":9223372036854775808)"),
       "expects: must be a whole number from 0 to 9223372036854775807"},
      {message("close-semester", R"(,"expects":9223372036854775807)"), "none"},
      {message("close-semester", R"(,"dry-run":true)"), "none"},
      {message("close-semester", R"(,"expects":1,"dry-run":1)"), "dry-run: must be true or false"},
      {message("close-semester", R"(,"expects":1,"actor":7)"), "actor: must be a text of at most 200 bytes"},
      {message("close-semester", R"(,"expects":1,"note":")" + std::string(501, 'n') + '"'),
       "note: must be a text of at most 500 bytes"},
      {message("close-semester", R"(,"expects":1,"note":")" + std::string(500, 'n') + '"'), "none"},
      {message("release-grant", R"(,"expects":1)"), "faculty: is missing"},
      {message("release-grant", R"(,"expects":1,"faculty":"f")"), "program: is missing"},
      {message("release-grant", R"(,"expects":1)" + program), "none"},
      {message("amend-grant", R"(,"expects":1)" + program), "classrooms: is missing"},
      {message("amend-grant", R"(,"expects":1,"classrooms":1000001,"labs":1)" + program),
       "classrooms: must be a whole number from 0 to 1,000,000"},
      {message("amend-grant", R"(,"expects":1,"accepts-part":"yes")" + program + rooms),
       "accepts-part: must be true or false"},
      {message("resize-semester", R"(,"expects":1)" + rooms), "mobile-labs: is missing"},
      {message("resize-semester", R"(,"expects":1,"mobile-labs":2)" + rooms),
       "mobile-labs: must be at most classrooms"},
      {message("resize-semester", R"(,"expects":1,"classrooms":1000000001,"labs":1,"mobile-labs":0)"),
       "classrooms: must be a whole number from 0 to 1000000000"},
      {message("close-semester", R"(,"expects":1,"holds":"keep")"), "holds: must be refuse, confirm or cancel"},
      {message("close-semester", R"(,"expects":1,"holds":1)"), "holds: must be refuse, confirm or cancel"},
      {message("close-semester", R"(,"expects":1,"holds":"refuse")"), "none"},
      {message("confirm-hold", R"(,"expects":1)"), "faculty: is missing"},
      {message("confirm-hold", R"(,"expects":1)" + program), "none"},
      {message("confirm-hold", R"(,"expects":1,"labs":1)" + program), "classrooms: is missing"},
      {message("confirm-hold", R"(,"expects":1,"classrooms":1)" + program), "labs: is missing"},
      {message("extend-hold", R"(,"expects":1)" + program), "hold-seconds: is missing"},
      {message("extend-hold", R"(,"expects":1,"hold-seconds":0)" + program),
       "hold-seconds: must be a whole number from 1 to 2,592,000"},
      {message("extend-hold", R"(,"expects":1,"hold-seconds":2592001)" + program),
       "hold-seconds: must be a whole number from 1 to 2,592,000"},
      {message("extend-hold", R"(,"expects":1,"hold-seconds":"1")" + program),
       "hold-seconds: must be a whole number from 1 to 2,592,000"},
      {message("cancel-hold", R"(,"expects":1)" + program), "none"},
      {message("set-wait-list", R"(,"expects":0)"), "wait-list: is missing"},
      {message("set-wait-list", R"(,"expects":0,"wait-list":"on")"), "wait-list: must be true or false"},
      {message("set-wait-list", R"(,"expects":0,"wait-list":false)"), "none"},
      {message("set-quota", R"(,"expects":1)"), "faculty: is missing"},
      {message("set-quota", R"(,"expects":1,"faculty":"f")"), "none"},
      {message("set-quota", R"(,"expects":1,"faculty":"f","labs":-1)"),
       "labs: must be a whole number from 0 to 1000000000"},
      {message("set-quota", R"(,"expects":1,"faculty":"f","labs":1,"classrooms-soft":true)"),
       "classrooms-soft: needs classrooms"},
      {message("set-quota", R"(,"expects":1,"faculty":"f","labs":1,"labs-soft":1)"),
       "labs-soft: must be true or false"},
      {message("leave-wait-list", R"(,"expects":1)"), "faculty: is missing"},
      {message("leave-wait-list", R"(,"expects":1)" + program), "none"},
      {message("open-semester", R"(,"mobile-labs":1)" + rooms), "none"},
      {message("open-semester", R"(,"dry-run":true,"mobile-labs":1)" + rooms), "none"},
      {message("change-catalog", R"(,"expects":1)"), "store: is missing"},
      {message("retire-program", R"(,"expects":1)" + program), "store: is missing"},
      {message("retire-program", R"(,"dry-run":true)" + program), "none"},
      {message("retire-program", R"(,"expects":1,"store":"a","faculty":"f")"), "program: is missing"},
      {message("rename-program", R"(,"expects":1,"store":"a")" + program), "new-name: is missing"},
      {message("rename-program", R"(,"expects":1,"store":"a","new-name":"n")" + program), "none"},
      {message("rename-program", R"(,"expects":1,"store":"a","new-name":")" + std::string(201, 'n') + '"' + program),
       "new-name: must be a text of at most 200 bytes"},
      {message("change-catalog", R"(,"expects":1,"store":"")"), "store: must be a text of 1 to 64 bytes"},
      {message("change-catalog", R"(,"dry-run":true)"), "add: must be a list of faculties"},
      {message("change-catalog", R"(,"dry-run":true,"add":[])"), "add: must have at least one program"},
      {message("change-catalog", R"(,"dry-run":true,"add":[{"faculty":"f","programs":["p"]}])"), "none"},
      {message("change-catalog", R"(,"expects":1,"store":"a","earlier":"plan-1","add":[])"),
       "earlier: must be a list of texts"},
      {message("change-catalog", R"(,"expects":1,"store":"a","earlier":[""],"add":[])"),
       "earlier: must be texts of 1 to 64 bytes"},
      {message("change-catalog", R"(,"expects":1,"store":"a","add":[{"faculty":"f","programs":[""]}])"),
       "add.programs: must be texts of 1 to 200 bytes"},
      {message("change-catalog", R"(,"expects":1,"store":"a","add":["x"])"), "add.faculty: is missing"},
      {message("change-catalog", R"(,"expects":1,"store":"a","add":[{"faculty":"f"}])"),
       "add.programs: must be a list of texts"},
      {message("change-catalog", R"(,"expects":1,"store":"a","add":[{"faculty":"f","programs":[7]}])"),
       "add.programs: must be texts of 1 to 200 bytes"},
      {message("change-catalog",
               R"(,"expects":1,"store":"a","add":[{"faculty":")" + std::string(201, 'f') + R"(","programs":[]}])"),
       "add.faculty: must be a text of 1 to 200 bytes"},
  };
  for (const auto& c : kCases) EXPECT_EQ(fault(c.body), c.fault) << c.body;
}

TEST(OfficeMessage, AChangeOfTheCatalogueIsReadNoFurtherThanItsLimit) {
  const auto body = [](std::size_t programs) {
    std::string list;
    for (std::size_t i = 0; i < programs; ++i) list += R"("p",)";
    return message("change-catalog",
                   R"(,"expects":1,"store":"a","add":[{"faculty":"f","programs":[)" + list + R"("p"]}])");
  };
  EXPECT_EQ(fault(body(kCatalogRowsMax - 1)), "none");
  EXPECT_EQ(fault(body(kCatalogRowsMax)), "add: must have at most 10000 programs");
  EXPECT_EQ(fault(body(200'000)), "add: must have at most 10000 programs");
}

TEST(OfficeReply, OneAboutTheCatalogueIsReadBackAsItWasWritten) {
  OfficeReply facts{"plan-1", true, {}, true};
  facts.outcome.seq = 9;
  facts.outcome.catalog = CatalogFacts{std::string(32, 'a'), 3, 20, 1, 4};
  EXPECT_EQ(decode_office_reply(encode_office_reply(facts)), facts);
  facts.outcome.error = RequestError{Status::kConflict, "because", {}, {}};
  EXPECT_EQ(decode_office_reply(encode_office_reply(facts)), facts);
  for (const bool is_retired : {false, true}) {
    facts.outcome.catalog->program = ProgramFacts{kCivil, is_retired};
    EXPECT_EQ(decode_office_reply(encode_office_reply(facts)), facts);
  }
}

TEST(OfficeMessage, ATextOfPeopleHasNoControlCharacters) {
  for (const auto* key : {"command-id", "actor", "note"}) {
    auto body = message("close-semester", R"(,"expects":1)");
    if (std::string{key} == "command-id") {
      body.replace(body.find("c-1"), 3, R"(c\n1)");
    } else {
      body.insert(body.size() - 1, std::string{",\""} + key + R"(":"a\n1")");
    }
    EXPECT_TRUE(fault(body).starts_with(std::string{key} + ": ")) << body << ": " << fault(body);
  }
}

TEST(OfficeMessage, AMalformedOneKeepsWhatItsReplyNeeds) {
  const auto decoded = decode_office_message(message("close-semester", R"(,"dry-run":true,"note":7)"));
  EXPECT_EQ(std::get<MalformedCommand>(*decoded),
            (MalformedCommand{"note: must be a text of at most 500 bytes", "c-1", true, OfficeVerb::kCloseSemester}));
}

OfficeReply reply_with(std::optional<RequestError> error, std::optional<HeldGrant> grant = {}) {
  OfficeOutcome outcome{.error = std::move(error), .grant = grant, .capacity = kCapacity, .left = {370, 58, 370}};
  outcome.seq = 9;
  outcome.is_open = true;
  const bool facts = has_facts(outcome);
  if (!facts) outcome = {.error = outcome.error, .grant = {}, .capacity = {}, .left = {}};
  return {"c-1", false, outcome, facts};
}

const HeldGrant kHeld{{10, 4}, {10, 2, 2}};
const HeldGrant kPart{{10, 4}, {10, 2, 0}};

/// In a semester with a wait list.
OfficeReply reply_of_waiting(std::optional<HeldGrant> grant, std::int64_t waits_since,
                             std::optional<WaitListSize> waiting = {}) {
  auto reply = reply_with({}, grant);
  reply.outcome.has_wait_list = true;
  reply.outcome.waits_since = waits_since;
  reply.outcome.waiting = waiting;
  return reply;
}

TEST(OfficeReply, EachIsReadBackAsItWasWritten) {
  std::vector<OfficeReply> replies{reply_with({}), reply_with({}, kHeld)};
  for (const auto status :
       {Status::kInvalidRequest, Status::kUnauthorized, Status::kNotLeader, Status::kOverloaded, Status::kUnavailable,
        Status::kInvalidSemester, Status::kInvalidFaculty, Status::kConflict, Status::kRefused, Status::kHoldConfirmed,
        Status::kHoldCancelled, Status::kHoldExpired, Status::kInvalidProgram}) {
    replies.push_back(reply_with(RequestError{status, "a sentence", milliseconds{250}, "10.0.0.2:6000"}, kHeld));
    replies.push_back(reply_with(RequestError{status, "", {}, ""}));
  }
  replies.push_back(reply_of_waiting(kPart, 5));
  replies.push_back(reply_of_waiting({}, 0, WaitListSize{12, 3}));
  replies.push_back(reply_with({}));
  replies.back().outcome.waiting = WaitListSize{};
  replies.push_back(reply_with({}, kHeld));
  replies.back().outcome.expires_at = 1'796'119'200'000'001;
  replies.push_back(reply_with({}));
  replies.back().outcome.holds = 0;
  replies.push_back(reply_with({}));
  replies.back().outcome.quota = QuotaFacts{{{}, {0, true}}, {12, 7}};
  replies.front().is_dry_run = replies.front().outcome.is_repeat = true;
  for (const auto& reply : replies) {
    const auto body = encode_office_reply(reply);
    EXPECT_EQ(decode_office_reply(body), reply) << body;
  }
}

TEST(OfficeReply, WhatIsNoneIsNotRead) {
  for (const auto* body :
       {"", "[]", "{}", R"({"dti-command":1})", R"({"dti-command":2,"command-id":"c","status":"REFUSED"})",
        R"({"dti-command":1,"command-id":"c","status":"OK","dry-run":false})",
        R"({"dti-command":1,"command-id":"c","status":"OK","seq":1,"grant":null,"capacity":{},"left":{},"open":true})",
        R"({"semester":"s","error-found":true,"error-message":"NOT-LEADER","programs":[]})"}) {
    EXPECT_FALSE(decode_office_reply(body)) << body;
  }
}

TEST(OfficeReply, WhatAWaitListOrAHoldAddsHasItsType) {
  const std::string facts =
      R"({"dti-command":1,"command-id":"c","status":"OK","seq":1,"grant":null,"open":true,)"
      R"("capacity":{"classrooms":1,"labs":1,"mobile-labs":1},"left":{"classrooms":1,"labs":1,"mobile-labs":1})";
  EXPECT_TRUE(decode_office_reply(facts + "}"));
  EXPECT_TRUE(decode_office_reply(facts + R"(,"waits-since":5,"waiting":1,"top-ups":0})"));
  EXPECT_FALSE(decode_office_reply(facts + R"(,"waits-since":"5"})"));
  EXPECT_FALSE(decode_office_reply(facts + R"(,"waiting":1})"));
  EXPECT_FALSE(decode_office_reply(facts + R"(,"expires-at":1})"));
  EXPECT_FALSE(decode_office_reply(facts + R"(,"expires-at":"2026-12-01T10:00:00Z"})"));
  EXPECT_FALSE(decode_office_reply(facts + R"(,"holds":"2"})"));
}

TEST(OfficeReply, AnUnknownStatusIsReadAsUnavailable) {
  const auto reply = decode_office_reply(R"({"dti-command":1,"command-id":"c","status":"LATER"})");
  ASSERT_TRUE(reply && reply->outcome.error);
  EXPECT_EQ(reply->outcome.error->status, Status::kUnavailable);
}

// Byte for byte.

struct Exchange {
  const char* folder;
  OfficeMessage message;
  OfficeReply reply;
};

OfficeMessage release() {
  auto command = command_of(ReleaseGrant{kCivil});
  command.actor.clear();
  return {command};
}

TEST(OfficeGolden, AMessageAndItsReplyAreWrittenByteForByte) {
  OfficeMessage dry_run{command_of(AmendGrant{kCivil, {10, 4}, true})};
  dry_run.command.is_dry_run = true;
  auto amended = reply_with({}, kHeld);
  amended.is_dry_run = true;
  OfficeReply added{"plan-1", false, {}, true};
  added.outcome.seq = 65;
  added.outcome.catalog = CatalogFacts{std::string(32, 'a'), 11, 53, 1, 3};
  OfficeMessage wait_list{command_of(SetWaitList{true})};
  wait_list.command.is_dry_run = true;
  auto turned_on = reply_of_waiting({}, 0, WaitListSize{12, 3});
  turned_on.is_dry_run = true;
  auto extended = reply_with({}, kHeld);
  extended.outcome.expires_at = 1'796'119'200'000'000;
  auto closed = reply_with(RequestError{Status::kRefused, "the semester has open holds (2)", {}, ""});
  closed.outcome.holds = 2;
  auto limited = reply_with({});
  limited.outcome.grant.reset();
  limited.outcome.quota = QuotaFacts{{{40, false}, {5, true}}, {12, 7}};
  const Exchange kExchanges[] = {
      {"office-release", release(), reply_with({})},
      {"office-amend-dry-run", dry_run, amended},
      {"office-conflict",
       {command_of(ResizeSemester{{400, 60, 400}})},
       reply_with(RequestError{Status::kConflict, "the command expects entry 7", {}, ""})},
      {"office-not-leader",
       {command_of(CloseSemester{})},
       reply_with(RequestError{Status::kNotLeader, "another server leads", milliseconds{250}, "10.0.0.2:6000"})},
      {"office-open", messages().back(), reply_with({})},
      {"office-catalog",
       {catalog_command({{"Artes", "Danza"}, {"Artes", "Cine"}, {"Derecho", "Derecho Digital"}})},
       added},
      {"office-wait-list", wait_list, turned_on},
      {"office-wait-leave", {command_of(LeaveWaitList{kCivil})}, reply_of_waiting(kPart, 0)},
      {"office-hold-extend", {command_of(ExtendHold{kCivil, 172'800})}, extended},
      {"office-hold-confirm",
       {command_of(ConfirmHold{kCivil, Want{5, 1}})},
       reply_with(RequestError{Status::kHoldExpired, "the hold has expired: see entry 8", {}, ""})},
      {"office-hold-close", {command_of(CloseSemester{OpenHoldsAtClose::kCancel})}, closed},
      {"office-quota", {command_of(SetQuota{"Derecho", {{40, false}, {5, true}}})}, limited},
      {"office-waits", {command_of(AmendGrant{kCivil, {10, 4}, true})}, reply_of_waiting(kPart, 5)},
  };
  for (const auto& exchange : kExchanges) {
    SCOPED_TRACE(exchange.folder);
    const std::string folder = exchange.folder;
    EXPECT_EQ(encode_office_message(exchange.message), golden(folder + "/request.json"));
    EXPECT_EQ(encode_office_reply(exchange.reply), golden(folder + "/reply.json"));
  }
}

}  // namespace
}  // namespace dti
