#include "dti/transport/server/server.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dti/base/stop_signals.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/repository/memory/memory_repository.hpp"
#include "unit/transport/peers.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using peers::Frames;
using peers::make_peer;

/// A Server on a store in memory, on a thread of its own, with its store worker's beside it.
class RunningServer : public testing::Test {
 protected:
  explicit RunningServer(bool only_while_leading = false)
      : server_{{{{"127.0.0.1", 0}}, {}, 0, {.stop_timeout = kStopTimeout}, only_while_leading},
                start_options(),
                repository_,
                [](const LogEvent&) {}} {}

  static StartOptions start_options() {
    StartOptions start;
    start.semester = SemesterToOpen{"2025-10", 380, 60, {}};
    for (int program = 1; program <= kPrograms; ++program)
      start.catalog.push_back({"f", "p" + std::to_string(program)});
    return start;
  }
  void SetUp() override {
    standby_ = roles_[Role::kStandby].get_future();
    auto ready = roles_[Role::kLeader].get_future();
    thread_ = std::thread{[this] {
      exit_ = server_.run(
          stop_signals_, [this](Role role) { roles_.at(role).set_value(); },
          [this](bool listens) { (listens ? listens_ : closed_).set_value(); });
    }};
    ready.wait();
  }
  void TearDown() override { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    kill(getpid(), SIGTERM);
    thread_.join();
  }
  zmq::socket_t connect() {
    auto peer = make_peer(context_, zmq::socket_type::dealer);
    peer.connect(server_.endpoint());
    return peer;
  }
  static std::string ask(int program, Quantity classrooms = 1) {
    return encode_allocation_request({.semester = "2025-10",
                                      .faculty_name = "f",
                                      .programs = {{"id", "p" + std::to_string(program), {classrooms, 0}}},
                                      .request_id = {}});
  }
  static Grant grant_in(const Frames& frames) {
    const auto reply = decode_allocation_reply(frames.at(0));
    EXPECT_TRUE(reply && !reply->error && reply->programs.size() == 1);
    return reply && reply->programs.size() == 1 ? reply->programs[0].grant : Grant{-1, -1, -1};
  }

  static constexpr int kPrograms = 200;
  StopSignals stop_signals_;
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
  MemoryRepository repository_{store_};
  static constexpr std::chrono::milliseconds kStopTimeout{500};
  Server server_;
  std::map<Role, std::promise<void>> roles_;  // each once
  std::promise<void> listens_;                // once
  std::promise<void> closed_;                 // once
  std::future<void> standby_;
  Exit exit_{-1, {}};
  std::thread thread_;
  zmq::context_t context_;
};

TEST_F(RunningServer, AnswersEveryRequestOnceWhateverTheEnvelope) {
  auto peer = connect();
  const std::vector<std::pair<Frames, Frames>> envelopes = {{{}, {}}, {{}, {"cid"}}, {{""}, {}}, {{"4byt", ""}, {}}};
  for (const auto& [before, after] : envelopes) {
    Frames message = before;
    message.push_back(ask(1, 7));
    message.insert(message.end(), after.begin(), after.end());
    peers::send(peer, message);
    auto reply = peers::receive(peer);
    ASSERT_EQ(reply.size(), message.size());
    EXPECT_EQ(grant_in({reply.at(before.size())}), (Grant{7, 0, 0}));
  }
}

TEST_F(RunningServer, GrantsEachProgramOnceToManyPeersAtOnce) {
  constexpr int kPeers = 4;
  std::vector<zmq::socket_t> peers;
  for (int i = 0; i < kPeers; ++i) peers.push_back(connect());
  for (int program = 1; program <= kPrograms; ++program) {
    for (auto& peer : peers) peers::send(peer, {ask(program)});
  }
  for (auto& peer : peers) {
    for (int program = 1; program <= kPrograms; ++program) EXPECT_EQ(grant_in(peers::receive(peer)), (Grant{1, 0, 0}));
  }
  EXPECT_EQ(store_->find_semester("2025-10")->left.classrooms, 380 - kPrograms);
}

TEST_F(RunningServer, PublishesWhatItHasDone) {
  auto peer = connect();
  peers::send(peer, {ask(1, 7)});
  (void)peers::receive(peer);
  peers::send(peer, {ask(1, 8)});  // the program holds another grant
  (void)peers::receive(peer);
  peers::send(peer, {"{}"});
  (void)peers::receive(peer);
  auto figures = server_.figures().newest();
  const auto malformed = [&] { return figures->requests.rejected[static_cast<std::size_t>(Status::kInvalidRequest)]; };
  const auto give_up_at = std::chrono::steady_clock::now() + 60s;
  while (malformed() == 0 && std::chrono::steady_clock::now() < give_up_at) figures = server_.figures().newest();
  EXPECT_EQ(malformed(), 1U);
  EXPECT_EQ(figures->requests.decided, 2U);
  EXPECT_EQ(figures->requests.decisions[static_cast<std::size_t>(Status::kOk)], 1U);
  EXPECT_EQ(figures->requests.decisions[static_cast<std::size_t>(Status::kAlreadyHasResources)], 1U);
  EXPECT_EQ(figures->store.entries_per_batch.sum(), 1);
  EXPECT_EQ(figures->store.take_overs, 1U);
  EXPECT_EQ(figures->phase, Lead::Phase::kLeading);
  EXPECT_EQ(figures->peers, 1U);
  EXPECT_GT(figures->lease_until, figures->at);
  ASSERT_EQ(figures->semesters.size(), 1U);
  const auto& semester = figures->semesters[0];
  EXPECT_EQ(semester.name, "2025-10");
  EXPECT_EQ(semester.capacity, (Capacity{380, 60, 380}));
  EXPECT_EQ(semester.left, (Pool{373, 60, 380}));
  EXPECT_EQ(semester.head, 2);
}

TEST_F(RunningServer, ResolvesACommitInDoubtByATakeOver) {
  auto peer = connect();
  for (const bool after_effect : {true, false}) {
    store_->fail_next(StorageError::Kind::kInDoubt, after_effect);
    peers::send(peer, {ask(after_effect ? 1 : 2, 7)});
    EXPECT_EQ(grant_in(peers::receive(peer)), (Grant{7, 0, 0}));
  }
  EXPECT_EQ(store_->find_semester("2025-10")->left.classrooms, 380 - 14);
}

TEST_F(RunningServer, TellsNotLeaderToAllThatAskOnceItWasReplacedAndStandsBy) {
  auto peer = connect();
  peers::send(peer, {ask(1)});
  (void)peers::receive(peer);
  MemoryRepository other{store_};
  ASSERT_TRUE(std::holds_alternative<Leadership>(other.take_over(WallTime{}, {})));
  for (int program = 2; program <= 50; ++program) peers::send(peer, {ask(program)});
  for (int program = 2; program <= 50; ++program) {
    const auto reply = decode_allocation_reply(peers::receive(peer).at(0));
    ASSERT_TRUE(reply && reply->error);
    EXPECT_EQ(reply->error->status, Status::kNotLeader);
  }
  standby_.wait();
  stop();
  EXPECT_EQ(exit_.code, 0);
}

class ServerBehindAProxy : public RunningServer {
 protected:
  ServerBehindAProxy() : RunningServer(true) {}
};

TEST_F(ServerBehindAProxy, ClosesItsConnectionsWhenItIsReplacedBehindItsAnswers) {
  EXPECT_EQ(listens_.get_future().wait_for(60s), std::future_status::ready);
  auto peer = connect();
  peers::send(peer, {ask(1)});
  (void)peers::receive(peer);
  auto events = make_peer(context_, zmq::socket_type::pair);
  zmq_socket_monitor(peer.handle(), "inproc://peer", ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED);
  events.connect("inproc://peer");
  MemoryRepository other{store_};
  ASSERT_TRUE(std::holds_alternative<Leadership>(other.take_over(WallTime{}, {})));
  peers::send(peer, {ask(2)});
  const auto reply = decode_allocation_reply(peers::receive(peer).at(0));
  ASSERT_TRUE(reply && reply->error);
  EXPECT_EQ(reply->error->status, Status::kNotLeader);
  for (const auto* what : {"broken", "refused"}) EXPECT_EQ(peers::receive(events).size(), 2U) << what;
  EXPECT_EQ(closed_.get_future().wait_for(60s), std::future_status::ready);
  zmq_socket_monitor(peer.handle(), nullptr, 0);
  stop();
  EXPECT_EQ(exit_.code, 0);
}

TEST_F(ServerBehindAProxy, AnswersAHealthCheckOnceItIsReadyAgain) {
  const Frames healthy{"\x01"};
  auto peer = connect();
  for (int i = 0; i < 4; ++i) store_->fail_next(StorageError::Kind::kUnavailable);
  peers::send(peer, {"id", "", ask(1)});
  Frames first = healthy;
  while (first == healthy) {  // until the commit has failed
    peers::send(peer, {R"({"health-check":true})"});
    peers::send(peer, {"no request"});  // answered at once
    first = peers::receive(peer);
    ASSERT_FALSE(first.empty());
    if (first == healthy) (void)peers::receive(peer);
  }
  Frames frames;
  do {
    frames = peers::receive(peer);
    ASSERT_FALSE(frames.empty());
  } while (frames.size() == 3);  // the grant
  EXPECT_EQ(frames, healthy);
}

TEST_F(RunningServer, CountsEnvelopesAmongTheBytesThatWait) {
  auto peer = connect();
  const std::string big(std::size_t{1024} * 1024, 'x');
  constexpr int kMessages = 100;  // three times 1 MiB each, and 64 MiB may wait
  store_->fail_next(StorageError::Kind::kUnavailable);
  for (int i = 0; i < 50; ++i) store_->fail_next(StorageError::Kind::kUnavailable);
  for (int i = 0; i < kMessages; ++i) peers::send(peer, {big, big, "", ask(1)});
  int overloaded = 0;
  for (int i = 0; i < 30; ++i) {
    const auto reply = decode_allocation_reply(peers::receive(peer).at(3));
    overloaded += reply && reply->error && reply->error->status == Status::kOverloaded ? 1 : 0;
  }
  EXPECT_GT(overloaded, 0);
}

TEST_F(RunningServer, AnswersWhoAskedTooLateBehindManyMessagesThatAreNoRequests) {
  auto waiting = connect();
  for (int i = 0; i < 50; ++i) store_->fail_next(StorageError::Kind::kUnavailable);
  peers::send(waiting, {ask(1)});
  peers::send(waiting, {"no request"});
  (void)peers::receive(waiting);  // so the first was read, and the stop has to wait for it, and reads nothing meanwhile
  kill(getpid(), SIGTERM);
  constexpr int kPeers = 6;
  constexpr int kOfEach = 127;  // with the last one, as many as ZeroMQ takes of a peer; more than one turn of the loop
  std::vector<zmq::socket_t> late;
  for (int i = 0; i < kPeers; ++i) {
    auto& peer = late.emplace_back(connect());
    for (int message = 0; message < kOfEach; ++message) peers::send(peer, {"no request"});
    peers::send(peer, {ask(2)});
  }
  thread_.join();
  EXPECT_EQ(exit_.code, 1);
  for (auto& peer : late) {
    std::optional<AllocationReply> last;
    for (int message = 0; message <= kOfEach; ++message) {
      const auto frames = peers::receive(peer);
      ASSERT_FALSE(frames.empty());
      last = decode_allocation_reply(frames[0]);
    }
    ASSERT_TRUE(last && last->error);
    EXPECT_EQ(last->error->status, Status::kUnavailable);
  }
}

TEST_F(RunningServer, StopsCleanly) {
  auto peer = connect();
  peers::send(peer, {std::string{R"({"health-check":true})"}});
  EXPECT_EQ(peers::receive(peer), (Frames{std::string{kHealthy}}));
  stop();
  EXPECT_EQ(exit_.code, 0);
  EXPECT_FALSE(server_.store_hangs());
}

}  // namespace
}  // namespace dti
