#include "transport/server/request_handler.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "dti/base/check.hpp"
#include "unit/service/fixtures.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

constexpr Capacity kCapacity{380, 60, 380};
constexpr const char* kHealthCheck = R"({"health-check":true})";
constexpr const char* kRequest =
    R"({"semester":"2025-10","faculty-name":"f1","programs":[{"program-id":"a","program-name":"p1","classrooms":7,"labs":2}]})";

/// Gives the messages of a test, numbered 1, 2, 3, …, and keeps what becomes of each.
class FakePort final : public MessagePort {
 public:
  std::optional<PeerMessage> receive() override {
    if (messages.empty()) return std::nullopt;
    std::tie(body_, is_too_long_) = std::move(messages.front());
    messages.pop_front();
    return PeerMessage{++received, "peer", body_, body_.size(), is_too_long_, key, retry_after};
  }
  void reply(Token token, std::string_view body, SteadyTime /*now*/) override {
    DTI_CHECK(!forgotten.contains(token) && replies.emplace(token, body).second);
  }
  void forget(Token token) override { DTI_CHECK(!replies.contains(token) && forgotten.insert(token).second); }
  [[nodiscard]] std::size_t waiting_bytes() const override { return 0; }

  std::deque<std::pair<std::string, bool>> messages;  // body, has too many frames?
  KeyNumber key = 0;                                  // of the next message
  std::chrono::milliseconds retry_after{0};           // of the next message
  Token received = 0;
  std::map<Token, std::string> replies;
  std::set<Token> forgotten;

 private:
  std::string body_;
  bool is_too_long_ = false;
};

class RequestHandlerTest : public testing::Test {
 protected:
  void receive(const std::string& body, bool is_too_long = false) {
    port_.messages.emplace_back(body, is_too_long);
    ASSERT_TRUE(handler_.handle_next(now_));
  }
  void lead() {
    pipeline_.on_start(now_);
    pipeline_.on_piece(fixtures::catalog(1, 1), now_);
    pipeline_.on_piece(LedgerPiece{1, false, {row_of(fixtures::opened(kCapacity))}}, now_);
    const StoredSemester semester{.id = 1,
                                  .name = "2025-10",
                                  .epoch = 1,
                                  .head = 1,
                                  .capacity = kCapacity,
                                  .left = full_pool(kCapacity),
                                  .opened_with = kCapacity,
                                  .last_entry = 1};
    pipeline_.on_store(Ended<TakeOverCall>{Leadership{.epoch = 1, .semesters = {semester}, .program_count = 1}}, now_);
    static_cast<void>(pipeline_.take_actions());
    ASSERT_TRUE(pipeline_.is_ready(now_));
  }
  /// @return how many calls of the store were started
  std::size_t end_turn() {
    pipeline_.on_turn_end(now_);
    std::size_t calls = 0;
    for (const auto& action : pipeline_.take_actions()) {
      if (const auto* answer = std::get_if<SendReply>(&action)) handler_.send(*answer, now_.steady);
      calls += std::holds_alternative<StoreCall>(action) ? 1 : 0;
    }
    return calls;
  }
  bool replied(Token token, const std::string& part) const {
    const auto found = port_.replies.find(token);
    return found != port_.replies.end() && found->second.find(part) != std::string::npos;
  }

  Now now_{SteadyTime{1h}, WallTime{1h}};
  FakePort port_;
  CommitPipeline pipeline_{{}, {}};
  RequestHandler handler_{port_, pipeline_, true};
};

TEST_F(RequestHandlerTest, AMessageOfTooManyFramesIsRefusedWhateverItsBody) {
  lead();
  receive(kRequest, true);
  receive(kHealthCheck, true);
  for (const Token token : {1U, 2U}) EXPECT_TRUE(replied(token, "a message has at most 4 frames")) << token;
  EXPECT_EQ(end_turn(), 0U) << "no request came to the pipeline";
}

TEST_F(RequestHandlerTest, AMalformedMessageAmongRequestsIsAnsweredAtOnceAndTheOthersByTheStore) {
  lead();
  receive(kRequest);
  receive("{");
  receive(kRequest);
  EXPECT_TRUE(replied(2, "INVALID-REQUEST"));
  EXPECT_EQ(port_.replies.size(), 1U);
  EXPECT_EQ(end_turn(), 1U);
  pipeline_.on_store(Ended<CommitCall>{CommitResult::kCommitted}, now_);
  end_turn();
  for (const Token token : {1U, 3U}) EXPECT_TRUE(replied(token, R"("classrooms":7,"labs":2)")) << token;
}

TEST_F(RequestHandlerTest, WithoutAMessageThereIsNothingToHandle) {
  EXPECT_FALSE(handler_.handle_next(now_));
  EXPECT_EQ(end_turn(), 0U);
}

TEST_F(RequestHandlerTest, ChangesOfTheCatalogueWaitWithinTheLimitOfTheirMemoryAndNotOfTheirMessages) {
  lead();
  std::string programs;
  for (int i = 0; i < 10'000; ++i) programs += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + '"';
  const auto body =
      R"({"dti-command":1,"command":"change-catalog","command-id":"c","actor":"local/0","dry-run":true,"add":[{"faculty":")" +
      std::string(200, 'f') + R"(","programs":[)" + programs + "]}]}";
  std::size_t refused = 0;
  for (int i = 0; i < 40; ++i) {
    port_.messages.emplace_back(body, false);
    ASSERT_TRUE(handler_.handle_next_command(port_, now_));
    for (const auto& action : pipeline_.take_actions()) {
      const auto* const reply = std::get_if<SendOfficeReply>(&action);
      if (reply != nullptr && reply->outcome.error->status == Status::kOverloaded) ++refused;
    }
  }
  EXPECT_GT(refused, 0U) << "the messages have 4 MB, and the programs more than 64 MiB";
  EXPECT_LT(refused, 30U);
}

TEST_F(RequestHandlerTest, AHealthCheckOfAReadyServerIsAnsweredAtOnceWithOneByte) {
  lead();
  receive(kHealthCheck);
  EXPECT_EQ(port_.replies.at(1), std::string("\x01"));
  EXPECT_EQ(handler_.health_check_count(), 0U);
}

TEST_F(RequestHandlerTest, AHealthCheckThatIsKeptIsAnsweredOnceAndNotBeforeTheServerIsReady) {
  receive(kHealthCheck);
  handler_.answer_health_checks(now_);
  EXPECT_EQ(handler_.health_check_count(), 1U);
  EXPECT_TRUE(port_.replies.empty());
  lead();
  handler_.answer_health_checks(now_);
  handler_.answer_health_checks(now_);
  EXPECT_EQ(port_.replies.at(1), std::string("\x01"));
  EXPECT_EQ(handler_.health_check_count(), 0U);
}

TEST_F(RequestHandlerTest, KeepsExactlyAThousandAndTwentyFourHealthChecks) {
  for (int i = 0; i < 1'024; ++i) receive(kHealthCheck);
  EXPECT_TRUE(port_.forgotten.empty());
  receive(kHealthCheck);
  EXPECT_EQ(port_.forgotten, (std::set<Token>{1'025}));
  handler_.forget_health_checks();
  EXPECT_EQ(port_.forgotten.size(), 1'025U);
  EXPECT_EQ(handler_.health_check_count(), 0U);
}

TEST_F(RequestHandlerTest, AServerThatKeepsNoHealthChecksForgetsThoseThatComeBeforeItIsReady) {
  RequestHandler handler{port_, pipeline_, false};
  port_.messages.emplace_back(kHealthCheck, false);
  ASSERT_TRUE(handler.handle_next(now_));
  EXPECT_EQ(port_.forgotten, (std::set<Token>{1}));
  EXPECT_EQ(handler.health_check_count(), 0U);
}

TEST_F(RequestHandlerTest, AKeyMayRequestWhatItsRoleAllowsAndHealthChecks) {
  const struct {
    const char* role;
    bool may;
  } cases[] = {{"faculty:F1", true}, {"faculty:f2", false}, {"office", true}, {"auditor", false}};
  KeyList keys;
  for (const auto& c : cases) {
    keys.push_back({c.role, std::get<KeyRole>(parse_role(c.role)), make_key_pair().public_key});
  }
  KeyRing ring{keys};
  RequestHandler handler{port_, pipeline_, true, &ring};
  lead();
  Token token = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    port_.key = ring.admit(keys[i].key).value();
    port_.messages.emplace_back(kRequest, false);
    ASSERT_TRUE(handler.handle_next(now_));
    EXPECT_EQ(replied(++token, R"("error-message":"UNAUTHORIZED")"), !cases[i].may) << cases[i].role;
    port_.messages.emplace_back(kHealthCheck, false);
    ASSERT_TRUE(handler.handle_next(now_));
    EXPECT_EQ(port_.replies.at(++token), std::string("\x01"));
  }
}

TEST_F(RequestHandlerTest, AKeyThatWasRemovedMayNotRequestAnything) {
  const ListedKey key{"office", {KeyRole::Kind::kOffice, {}}, make_key_pair().public_key};
  KeyRing ring{KeyList{key}};
  RequestHandler handler{port_, pipeline_, true, &ring};
  lead();
  port_.key = ring.admit(key.key).value();
  ring.replace({});
  port_.messages.emplace_back(kRequest, false);
  ASSERT_TRUE(handler.handle_next(now_));
  EXPECT_TRUE(replied(1, "UNAUTHORIZED"));
}

TEST_F(RequestHandlerTest, OnlyRequestsOfAPeerThatSendsTooMuchAreRefusedWithTheTimeOfARepeat) {
  lead();
  port_.retry_after = 250ms;
  receive(kRequest);
  EXPECT_TRUE(replied(1, R"("error-message":"OVERLOADED")")) << port_.replies[1];
  EXPECT_TRUE(replied(1, R"("retry-after-ms":250)"));
  EXPECT_TRUE(replied(1, R"("program-id":"a")")) << "old faculties pass the status of each entry on";
  receive("{");
  EXPECT_TRUE(replied(2, "INVALID-REQUEST"));
  receive(kHealthCheck);
  EXPECT_EQ(port_.replies.at(3), std::string("\x01"));
  EXPECT_EQ(end_turn(), 0U) << "no request came to the pipeline";
  port_.retry_after = 0ms;
  receive(kRequest);
  EXPECT_EQ(end_turn(), 1U);
}

TEST_F(RequestHandlerTest, ARequestWithTooManyProgramsIsRefusedUnlessItsKeyIsTheOffices) {
  struct Case {
    const char* role;  // null: no key
    bool may;
  };
  const Case cases[] = {{nullptr, false}, {"faculty:f1", false}, {"office", true}};
  const std::string two = R"({"semester":"2025-10","faculty-name":"f1","programs":[)"
                          R"({"program-id":"a","program-name":"p1","classrooms":7,"labs":2},)"
                          R"({"program-id":"b","program-name":"p2","classrooms":7,"labs":2}]})";
  for (const auto& [role, may] : cases) {
    KeyRing ring{role == nullptr ? KeyList{}
                                 : KeyList{{"name", std::get<KeyRole>(parse_role(role)), make_key_pair().public_key}}};
    RequestHandler handler{port_, pipeline_, true, &ring, 1};
    if (!pipeline_.is_ready(now_)) lead();
    port_.key = role == nullptr ? 0 : 1;
    const auto ask = [&](const std::string& body) {
      port_.messages.emplace_back(body, false);
      EXPECT_TRUE(handler.handle_next(now_));
      return port_.received;
    };
    const auto refused = [&](Token token) {
      return replied(token, "INVALID-REQUEST") && replied(token, "at most 1 entries");
    };
    EXPECT_EQ(refused(ask(two)), !may) << (role == nullptr ? "no key" : role);
    EXPECT_FALSE(refused(ask(kRequest)));
    handler.change_programs_max(2);
    EXPECT_FALSE(refused(ask(two)));
  }
}

// Commands of the office.

constexpr const char* kClose =
    R"({"dti-command":1,"command":"close-semester","command-id":"c","expects":1,"actor":"local/7","semester":"2025-10"})";

TEST_F(RequestHandlerTest, ACommandAtAPlainEndpointIsUnauthorizedAndCounted) {
  lead();
  receive(kClose);
  EXPECT_TRUE(replied(1, R"("command-id":"c","status":"UNAUTHORIZED")"));
  EXPECT_EQ(end_turn(), 0U) << "it did not come to the pipeline";
  const auto& closings = handler_.office_figures().commands[static_cast<std::size_t>(OfficeVerb::kCloseSemester)];
  EXPECT_EQ(closings[static_cast<std::size_t>(Status::kUnauthorized)], 1U);
}

TEST_F(RequestHandlerTest, TheKeyOfAFacultyChangesItsOwnGrantsAndCannotFillTheQueueOfTheOffice) {
  const auto of = [](const std::string& faculty, int id) {
    return R"({"dti-command":1,"command":"release-grant","command-id":"c)" + std::to_string(id) +
           R"(","expects":1,"semester":"2025-10","faculty":")" + faculty + R"(","program":"p1"})";
  };
  KeyList keys;
  for (int i = 0; i < 10; ++i) {
    const auto name = "f" + std::to_string(i);
    keys.push_back({name, {KeyRole::Kind::kFaculty, name}, make_key_pair().public_key});
  }
  KeyRing ring{keys};
  RequestHandler handler{port_, pipeline_, true, &ring};
  lead();
  std::size_t overloaded = 0;
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) {
    port_.key = ring.admit(keys[static_cast<std::size_t>(i)].key).value();
    port_.messages.emplace_back(of("f" + std::to_string((i + 1) % 10), 0), false);
    ASSERT_TRUE(handler.handle_next(now_));
    EXPECT_TRUE(replied(port_.received, R"("status":"UNAUTHORIZED")")) << "the grant of another faculty";
    for (int n = 1; n <= 6; ++n) {
      port_.messages.emplace_back(of("f" + std::to_string(i), n), false);
      ASSERT_TRUE(handler.handle_next(now_));
      ++sent;
      if (replied(port_.received, R"("status":"OVERLOADED")")) {
        ++overloaded;
        EXPECT_TRUE(replied(port_.received, R"("retry-after-ms":200)"));
      }
    }
  }
  EXPECT_EQ(sent - overloaded, 32U) << "four of each faculty, and 32 of all";
}

TEST_F(RequestHandlerTest, ACommandAtTheSocketFileComesToThePipelineAndItsReplyGoesBackThere) {
  FakePort admin;
  admin.messages.emplace_back(kClose, false);
  ASSERT_TRUE(handler_.handle_next_command(admin, now_));
  pipeline_.on_stop(now_);
  for (const auto& action : pipeline_.take_actions()) {
    if (const auto* answer = std::get_if<SendOfficeReply>(&action)) handler_.send(*answer, now_.steady);
  }
  if (admin.replies.empty()) {  // the first take-over is in progress: the command waits until the stop ends
    now_.steady += 10s;
    pipeline_.on_tick(now_);
    for (const auto& action : pipeline_.take_actions()) {
      if (const auto* answer = std::get_if<SendOfficeReply>(&action)) handler_.send(*answer, now_.steady);
    }
  }
  ASSERT_EQ(admin.replies.size(), 1U);
  EXPECT_NE(admin.replies.at(1).find(R"("status":"UNAVAILABLE")"), std::string::npos) << admin.replies.at(1);
  EXPECT_TRUE(port_.replies.empty());
}

TEST_F(RequestHandlerTest, TheSocketFileTakesNothingButCommands) {
  lead();
  FakePort admin;
  for (const auto* body : {kRequest, kHealthCheck, "{", ""}) admin.messages.emplace_back(body, false);
  admin.messages.emplace_back(kClose, true);
  while (handler_.handle_next_command(admin, now_)) {
  }
  ASSERT_EQ(admin.replies.size(), 5U);
  for (const auto& [token, reply] : admin.replies) {
    EXPECT_NE(reply.find(R"("status":"INVALID-REQUEST")"), std::string::npos) << reply;
  }
  EXPECT_EQ(end_turn(), 0U);
}

TEST_F(RequestHandlerTest, ARequestThatOnlyMentionsACommandIsARequest) {
  lead();
  receive(
      R"({"semester":"2025-10","faculty-name":"f1","x":"dti-command","programs":[{"program-id":"a","program-name":"p1","classrooms":7,"labs":2}]})");
  EXPECT_TRUE(port_.replies.empty());
  EXPECT_EQ(end_turn(), 1U);
}

}  // namespace
}  // namespace dti
