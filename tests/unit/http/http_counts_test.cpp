#include "dti/http/http_counts.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/http/http_server.hpp"
#include "unit/http/connection.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

using Closed = decltype(HttpCounts::closed);

std::uint64_t sum(const Closed& closed) { return std::accumulate(closed.begin(), closed.end(), std::uint64_t{0}); }

Closed only(HttpCloseReason reason, std::uint64_t count) {
  Closed closed{};
  closed[static_cast<std::size_t>(reason)] = count;
  return closed;
}

class HttpCountsTest : public testing::Test {
 protected:
  HttpServer make(HttpLimits limits) {
    const auto counts = std::make_shared<HttpCounts>();
    std::vector<HttpRoute> routes{
        {"/hello", [](const HttpRequest&, const HttpReply& reply) { reply(text_response(200, "hello\n")); }},
        {"/large",
         [](const HttpRequest&, const HttpReply& reply) { reply(text_response(200, std::string(kLarge, 'x'))); }},
        {"/spoils-the-response",
         [](const HttpRequest&, const HttpReply& reply) {
           auto response = text_response(200, "ok\n");
           response.fields.emplace_back("X", std::string(100'000, 'x'));  // more than Beast writes
           reply(std::move(response));
         }},
        {"/later", [this](const HttpRequest&, HttpReply reply) { later_.set_value(std::move(reply)); }},
        {"/counts", [this, counts](const HttpRequest&, const HttpReply& reply) {
           const std::lock_guard lock{mutex_};
           counts_ = *counts;
           reply(text_response(200, "counted\n"));
         }}};
    return HttpServer{"127.0.0.1", 0, std::move(routes), [this](const LogEvent& event) { log(event); }, limits, counts};
  }
  void log(const LogEvent& event) {
    const std::lock_guard lock{mutex_};
    if (event.event == "http-limit-reached") log_.push_back(event);
  }
  HttpCounts counts() {
    const std::lock_guard lock{mutex_};
    return counts_;
  }
  std::vector<LogEvent> limit_log() {
    const std::lock_guard lock{mutex_};
    return log_;
  }

  /// Asks for the counts, over a connection of its own, until another connection has ended.
  /// @return how often the server cut this connection off, because this test was slow
  std::uint64_t ask_until_one_has_ended(const HttpServer& server) {
    std::uint64_t cut_off = 0;
    std::optional<Connection> asking{std::in_place, server};
    const auto give_up_at = std::chrono::steady_clock::now() + kForever;
    while (std::chrono::steady_clock::now() < give_up_at) {
      if (asking->send(get("/counts")) && status_of(asking->read_response().first) == 200) {
        if (sum(counts().closed) > cut_off) break;
        ::poll(nullptr, 0, 5);
      } else {
        ++cut_off;
        asking.emplace(server);
      }
    }
    return cut_off;
  }

  static constexpr std::size_t kLarge = 64 * 1024 * 1024;  // more than two sockets buffer
  std::promise<HttpReply> later_;

 private:
  std::mutex mutex_;
  HttpCounts counts_;
  std::vector<LogEvent> log_;
};

using Client = std::optional<Connection>;

struct Case {
  std::string name;  // says what the client does
  HttpCloseReason reason;
  std::function<void(Client&)> act;
  HttpLimits limits = {};
};

std::function<void(Client&)> sends(const std::string& bytes) {
  return [bytes](Client& client) { EXPECT_TRUE(client->send(bytes)); };
}

std::function<void(Client&)> sends_and_leaves(const std::string& bytes) {
  return [bytes](Client& client) {
    EXPECT_TRUE(client->send(bytes));
    client.reset();
  };
}

std::function<void(Client&)> sends_and_reads_to_the_end(const std::string& bytes) {
  return [bytes](Client& client) {
    EXPECT_TRUE(client->send(bytes));
    client->read_all();
    client.reset();
  };
}

void reads_a_response_and_leaves(Client& client) {
  EXPECT_TRUE(client->send(get("/hello")));
  EXPECT_EQ(status_of(client->read_response().first), 200);
  client.reset();
}

void does_not_read(Client& client) {
  EXPECT_TRUE(client->send(get("/large")));
  EXPECT_TRUE(client->is_cut_off());
}

class HttpCloseReasons : public HttpCountsTest, public testing::WithParamInterface<Case> {};

TEST_P(HttpCloseReasons, AreCountedOnceForEachConnection) {
  const auto& [name, reason, act, limits] = GetParam();
  auto server = make(limits);
  Client client{std::in_place, server};
  act(client);
  const auto cut_off = ask_until_one_has_ended(server);
  const auto closed = counts().closed;
  EXPECT_EQ(sum(closed), 1 + cut_off);
  EXPECT_GE(closed[static_cast<std::size_t>(reason)], 1U);
  for (const auto other : {HttpCloseReason::kClient, HttpCloseReason::kBadRequest, HttpCloseReason::kLimit}) {
    if (other == reason) continue;
    EXPECT_EQ(closed[static_cast<std::size_t>(other)], 0U);
  }
  EXPECT_EQ(counts().open, 1U) << "the connection that asks";
  EXPECT_EQ(limit_log().size(), reason == HttpCloseReason::kLimit ? 1U : 0U);
}

const std::string kNoHttp = "\x16\x03\x01\x02\r\n";
const Case kCases[] = {
    {"LeavesAtOnce", HttpCloseReason::kClient, sends_and_leaves("")},
    {"LeavesInARequest", HttpCloseReason::kClient, sends_and_leaves("GET /hello HTTP/1.1\r\n")},
    {"LeavesInAResponse", HttpCloseReason::kClient, sends_and_leaves(get("/large"))},
    {"LeavesAfterAResponse", HttpCloseReason::kClient, reads_a_response_and_leaves},
    {"AsksForTheEnd", HttpCloseReason::kClient, sends_and_reads_to_the_end(get("/hello", "Connection: close\r\n"))},
    {"SendsNoHttp", HttpCloseReason::kBadRequest, sends_and_reads_to_the_end(kNoHttp)},
    {"SendsNoHttpAndLeaves", HttpCloseReason::kBadRequest, sends_and_leaves(kNoHttp)},
    {"SendsNoHttpAndStays", HttpCloseReason::kBadRequest, sends(kNoHttp)},
    {"SendsNoHttpAfterARequest", HttpCloseReason::kBadRequest, sends_and_reads_to_the_end(get("/hello") + kNoHttp)},
    {"SendsABody", HttpCloseReason::kBadRequest,
     sends_and_reads_to_the_end(get("/hello", "Content-Length: 2\r\n") + "hi")},
    {"PostsABody", HttpCloseReason::kBadRequest,
     sends_and_reads_to_the_end("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi")},
    {"IsSilent", HttpCloseReason::kTooSlow, sends_and_reads_to_the_end(""), {.request_time = 200ms}},
    {"SendsHalfARequest", HttpCloseReason::kTooSlow, sends_and_reads_to_the_end("GET "), {.request_time = 200ms}},
    {"SendsHalfARequestAfterAnother",
     HttpCloseReason::kTooSlow,
     sends_and_reads_to_the_end(get("/hello") + "GET "),
     {.request_time = 200ms}},
    {"DoesNotRead", HttpCloseReason::kTooSlow, does_not_read, {.reply_time = 200ms}},
    {"IsIdle", HttpCloseReason::kIdle, sends_and_reads_to_the_end(get("/hello")), {.idle_time = 100ms}},
    {"MakesPlace", HttpCloseReason::kLimit, sends(""), {.connections_max = 1}},
    {"MeetsAFault", HttpCloseReason::kFault, sends_and_reads_to_the_end(get("/spoils-the-response"))},
};
INSTANTIATE_TEST_SUITE_P(Client, HttpCloseReasons, testing::ValuesIn(kCases),
                         [](const auto& of) { return of.param.name; });

TEST_F(HttpCountsTest, AConnectionThatIsRefusedBecauseAllOthersWaitForARouteIsCounted) {
  auto server = make({.connections_max = 1});
  auto later = later_.get_future();
  Connection waits{server};
  ASSERT_TRUE(waits.send(get("/later") + get("/counts")));
  const auto reply = later.get();
  Connection refused{server};
  EXPECT_EQ(refused.read_all(), "");
  reply(text_response(200, "at last\n"));
  EXPECT_EQ(waits.read_response().second, "at last\n");
  EXPECT_EQ(waits.read_response().second, "counted\n");
  EXPECT_EQ(counts().closed, only(HttpCloseReason::kLimit, 1));
  EXPECT_EQ(counts().open, 1U);
  ASSERT_EQ(limit_log().size(), 1U);
  EXPECT_NE(limit_log()[0].message.find("refused"), std::string::npos);
}

TEST_F(HttpCountsTest, TheLimitIsLoggedAtOnceAndThenAtALimitedRate) {
  constexpr std::uint64_t kEvictions = 20;
  auto server = make({.connections_max = 1});
  std::vector<std::unique_ptr<Connection>> clients;
  for (std::uint64_t i = 0; i <= kEvictions; ++i) {
    auto& client = *clients.emplace_back(std::make_unique<Connection>(server));
    ASSERT_TRUE(client.send(get("/counts")));
    ASSERT_EQ(client.read_response().second, "counted\n");
    EXPECT_EQ(counts().closed, only(HttpCloseReason::kLimit, i));
    EXPECT_EQ(counts().open, 1U);
  }
  const auto lines = limit_log();
  ASSERT_GE(lines.size(), 1U);
  EXPECT_LT(lines.size(), kEvictions);
  const std::vector<std::pair<std::string, std::string>> fields{{"closed", "1"}, {"connections-max", "1"}};
  EXPECT_EQ(lines[0].fields, fields);
}

}  // namespace
}  // namespace dti
