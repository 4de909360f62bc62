#include "dti/http/http_server.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/http_date.hpp"
#include "unit/http/connection.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

class HttpServerTest : public testing::Test {
 protected:
  HttpServer make(HttpLimits limits = {}) {
    return HttpServer{"127.0.0.1", 0, routes(), [this](const LogEvent& event) { log(event); }, limits};
  }
  std::vector<HttpRoute> routes() {
    return {{"/hello", [](const HttpRequest& request,
                          const HttpReply& reply) { reply(text_response(200, "hello " + request.method + "\n")); }},
            {"/large",
             [](const HttpRequest&, const HttpReply& reply) { reply(text_response(200, std::string(kLarge, 'x'))); }},
            {"/fails", [](const HttpRequest&, const HttpReply&) { throw std::runtime_error("it is broken"); }},
            {"/replies-and-fails",
             [](const HttpRequest&, const HttpReply& reply) {
               reply(text_response(200, std::string(kLarge, 'x')));
               throw std::runtime_error("it is broken");
             }},
            {"/replies-twice",
             [](const HttpRequest&, const HttpReply& reply) {
               reply(text_response(200, std::string(kLarge, 'x')));
               reply(text_response(200, "again\n"));
             }},
            {"/niceness",
             [](const HttpRequest&, const HttpReply& reply) {
               reply(text_response(200, std::to_string(getpriority(PRIO_PROCESS, 0))));
             }},
            {"/forgets", [](const HttpRequest&, const HttpReply&) {}},
            {"/spoils-the-response",
             [](const HttpRequest&, const HttpReply& reply) {
               auto response = text_response(200, "ok\n");
               response.fields.emplace_back("X", std::string(100'000, 'x'));  // more than Beast writes
               reply(std::move(response));
             }},
            {"/later", [this](const HttpRequest&, HttpReply reply) { later_.set_value(std::move(reply)); }}};
  }
  void log(const LogEvent& event) {
    const std::lock_guard lock{mutex_};
    log_.push_back(event);
  }

  /// The events of that name, once there is one.
  std::vector<LogEvent> logged(const std::string& name) {
    const auto give_up_at = std::chrono::steady_clock::now() + kForever;
    std::vector<LogEvent> found;
    while (found.empty() && std::chrono::steady_clock::now() < give_up_at) {
      ::poll(nullptr, 0, 1);
      const std::lock_guard lock{mutex_};
      std::copy_if(log_.begin(), log_.end(), std::back_inserter(found),
                   [&](const LogEvent& event) { return event.event == name; });
    }
    return found;
  }

  static constexpr std::size_t kLarge = 64 * 1024 * 1024;  // more than two sockets buffer
  std::promise<HttpReply> later_;
  std::mutex mutex_;
  std::vector<LogEvent> log_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  auto server = make();
  Connection client{server};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(get("/hello")));
    const auto [head, body] = client.read_response();
    EXPECT_EQ(body, "hello GET\n");
    for (const auto* line : {"http/1.1 200 ok\r\n", "\r\ncontent-length: 10\r\n", "\r\nconnection: keep-alive\r\n",
                             "\r\ncontent-type: text/plain; charset=utf-8\r\n", "\r\ncache-control: no-store\r\n",
                             "\r\nx-content-type-options: nosniff\r\n", "\r\ndate: "}) {
      EXPECT_NE(head.find(line), std::string::npos) << line << "in\n" << head;
    }
    EXPECT_EQ(head.find("server:"), std::string::npos);
  }
}

TEST_F(HttpServerTest, HeadHasTheFieldsOfGetAndNoBody) {
  auto server = make();
  Connection client{server};
  ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/hello")));
  const auto head = client.read_response(false).first;
  EXPECT_EQ(status_of(head), 200);
  EXPECT_NE(head.find("content-length: 11\r\n"), std::string::npos);
  EXPECT_EQ(client.read_response().second, "hello GET\n") << "the body did not come before it";
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  auto server = make();
  Connection client{server};
  std::string requests;
  for (int i = 0; i < 1'000; ++i) requests += get(i % 2 == 0 ? "/hello" : "/nothing");
  ASSERT_TRUE(client.send(requests + get("/hello", "Connection: close\r\n")));
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(status_of(client.read_response().first), i % 2 == 0 ? 200 : 404) << i;
  EXPECT_NE(client.read_response().first.find("connection: close"), std::string::npos);
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, ARequestThatComesByteByByteIsAnswered) {
  auto server = make();
  Connection client{server};
  for (const char c : get("/hello")) ASSERT_TRUE(client.send(std::string_view{&c, 1}));
  EXPECT_EQ(status_of(client.read_response().first), 200);
}

TEST_F(HttpServerTest, AnswersAClientThatHasClosedItsSide) {
  auto server = make();
  Connection client{server};
  ASSERT_TRUE(client.send(get("/hello")));
  client.send_no_more();
  EXPECT_NE(client.read_all().find("hello GET"), std::string::npos);
}

TEST_F(HttpServerTest, RefusesWhatItDoesNotServe) {
  auto server = make();
  struct {
    std::string request;
    int status;
    bool keeps;
  } const cases[] = {
      {get("/nothing"), 404, true},
      {get("/hello/"), 404, true},
      {"POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405, true},
      {"POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", 405, false},
      {"POST /hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 405, false},
      {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, true},
      {"CONNECT dti:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, true},
      {"TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, true},
      {"BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, true},
      {"get /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501, true},
      {get("/hello", "Content-Length: 2\r\n") + "hi", 413, false},
      {get("/hello", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 413, false},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, false},
      {"GET /hello\r\n", 400, false},
      {"GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\n", 414, false},
      {get("/hello", "X: " + std::string(9'000, 'a') + "\r\n"), 431, false},
  };
  for (const auto& [request, status, keeps] : cases) {
    Connection client{server};
    ASSERT_TRUE(client.send(request + get("/hello", "Connection: close\r\n")));
    const auto head = client.read_response().first;
    EXPECT_EQ(status_of(head), status) << request;
    EXPECT_EQ(head.find("connection: keep-alive") != std::string::npos, keeps) << request;
    EXPECT_EQ(head.find("\r\nallow: get, head\r\n") != std::string::npos, status == 405 || status == 501) << head;
    EXPECT_EQ(client.read_all().find("hello GET") != std::string::npos, keeps) << request;
  }
}

TEST_F(HttpServerTest, OnALoopbackAddressItAnswersOnlyHostsThatNoWebPageCanChoose) {
  auto server = make();
  const auto status = [&](const std::string& host) {
    Connection client{server};
    EXPECT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"));
    return status_of(client.read_response().first);
  };
  for (const auto* host :
       {"localhost", "LocalHost:6080", "127.0.0.1", "127.0.0.1:6080", "10.0.0.1", "[::1]", "[::1]:6080", "", ":6080"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const auto* host : {"example.org", "example.org:6080", "localhost.example.org", "127.0.0.1.example.org", "127.1",
                           "1", "xlocalhost"}) {
    EXPECT_EQ(status(host), 421) << host;
  }
  Connection old{server};
  ASSERT_TRUE(old.send("GET /hello HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(status_of(old.read_response().first), 200) << "without Host";
}

TEST_F(HttpServerTest, OnAnotherAddressItAnswersEachHost) {
  HttpServer server{"0.0.0.0", 0, routes(), [](const LogEvent&) {}};
  Connection client{server};
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: example.org\r\n\r\n"));
  EXPECT_EQ(status_of(client.read_response().first), 200);
}

TEST_F(HttpServerTest, ItsThreadGivesWayToTheOthersOfTheProcess) {
  const auto own = getpriority(PRIO_PROCESS, 0);
  auto server = make();
  Connection client{server};
  ASSERT_TRUE(client.send(get("/niceness")));
  EXPECT_GE(std::stoi(client.read_response().second), 10);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own);
}

/// The port of a socket of this process; 0 if it has none.
std::uint16_t port_of_socket(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  const bool is_socket = getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  return is_socket && address.sin_family == AF_INET ? ntohs(address.sin_port) : 0;
}

/// The descriptor with which a server of this process listens.
int listener_of(const HttpServer& server) {
  int descriptor = 0;
  while (descriptor < 1'024 && port_of_socket(descriptor) != port_of(server)) ++descriptor;
  return descriptor;
}

TEST_F(HttpServerTest, AnErrorOfItsListenerIsLoggedKeepsNoProcessorBusyAndMayPass) {
  auto server = make();
  const int listener = listener_of(server);
  ASSERT_EQ(shutdown(listener, SHUT_RDWR), 0);  // accept() fails from now on
  const auto events = logged("http-accept-failed");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].message, "no connection can be accepted over HTTP: Invalid argument");
  const std::vector<std::pair<std::string, std::string>> fields{{"failures", "1"}};
  EXPECT_EQ(events[0].fields, fields);
  const auto busy_before = std::clock();
  ::poll(nullptr, 0, 400);
  EXPECT_LT(std::clock() - busy_before, CLOCKS_PER_SEC / 20);
  EXPECT_EQ(logged("http-accept-failed").size(), 1U) << "for 10 s";
  ASSERT_EQ(listen(listener, SOMAXCONN), 0);
  Connection client{port_of_socket(listener)};  // the system gave it another one
  ASSERT_TRUE(client.send(get("/hello")));
  EXPECT_EQ(status_of(client.read_response().first), 200);
}

TEST_F(HttpServerTest, ARouteThatFailsIsLoggedAndTheServerGoesOn) {
  auto server = make();
  Connection client{server};
  ASSERT_TRUE(client.send(get("/fails") + get("/hello")));
  EXPECT_EQ(status_of(client.read_response().first), 500);
  EXPECT_EQ(status_of(client.read_response().first), 200);
  const std::lock_guard lock{mutex_};
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].event, "http-request-failed");
  EXPECT_EQ(log_[0].message, "it is broken");
}

TEST_F(HttpServerTest, OnlyTheFirstReplyCountsAndARouteThatForgetsItsReplyIsAnsweredForIt) {
  auto server = make();
  for (const auto* path : {"/replies-and-fails", "/replies-twice"}) {
    Connection client{server};
    ASSERT_TRUE(client.send(get(path) + get("/hello")));
    const auto [head, body] = client.read_response();
    EXPECT_EQ(status_of(head), 200);
    EXPECT_EQ(body.size(), kLarge);
    EXPECT_EQ(client.read_response().second, "hello GET\n");
  }
  Connection client{server};
  ASSERT_TRUE(client.send(get("/forgets") + get("/hello")));
  EXPECT_EQ(status_of(client.read_response().first), 500);
  EXPECT_EQ(client.read_response().second, "hello GET\n");
}

TEST_F(HttpServerTest, AFaultOnAConnectionEndsItAndNoOther) {
  HttpServer server{"127.0.0.1", 0, routes(), [](const LogEvent&) { throw std::runtime_error("the log is full"); }};
  Connection other{server};
  ASSERT_TRUE(other.send(get("/hello")));
  EXPECT_EQ(status_of(other.read_response().first), 200);
  for (int i = 0; i < 3; ++i) {
    Connection client{server};
    ASSERT_TRUE(client.send(get("/spoils-the-response")));
    EXPECT_EQ(client.read_all(), "");
  }
  ASSERT_TRUE(other.send(get("/hello")));
  EXPECT_EQ(status_of(other.read_response().first), 200);
}

TEST_F(HttpServerTest, ARefusedHeadRequestGetsNoBody) {
  auto server = make();
  Connection client{server};
  ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(status_of(client.read_response(false).first), 400);
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, AReplyMayComeLaterFromAnotherThreadAlsoWhenItsConnectionOrTheServerIsGone) {
  auto later = later_.get_future();
  std::optional<HttpServer> server{std::in_place, "127.0.0.1", std::uint16_t{0}, routes(), [](const LogEvent&) {}};
  {
    Connection client{*server};
    ASSERT_TRUE(client.send(get("/later") + get("/hello")));
    const auto reply = later.get();
    reply(text_response(200, "at last\n"));
    EXPECT_EQ(client.read_response().second, "at last\n");
    EXPECT_EQ(client.read_response().second, "hello GET\n");
  }
  later_ = {};
  later = later_.get_future();
  HttpReply reply;
  {
    Connection client{*server};
    ASSERT_TRUE(client.send(get("/later")));
    reply = later.get();
  }
  reply(text_response(200, "too late\n"));
  server.reset();
  reply(text_response(200, "much too late\n"));
}

TEST_F(HttpServerTest, ARequestThatDoesNotComeToItsEndIsCutOffHoweverItTrickles) {
  auto server = make({.request_time = 200ms});
  Connection silent{server};
  Connection half{server};
  ASSERT_TRUE(half.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n"));
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(half.read_all(), "");
  Connection trickles{server};
  ASSERT_TRUE(trickles.send("GET /hello HTTP/1.1\r\n"));
  EXPECT_TRUE(trickles.is_cut_off());
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosedAfterItsOwnTime) {
  auto server = make({.request_time = std::chrono::milliseconds{kForever}, .idle_time = 100ms});
  Connection client{server};
  ASSERT_TRUE(client.send(get("/hello")));
  EXPECT_EQ(status_of(client.read_response().first), 200);
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, AClientThatDoesNotReadItsResponseIsCutOff) {
  auto server = make({.reply_time = 200ms});
  Connection deaf{server, 4'096};
  ASSERT_TRUE(deaf.send(get("/large")));
  Connection other{server};
  ASSERT_TRUE(other.send(get("/hello")));
  EXPECT_EQ(status_of(other.read_response().first), 200) << "it does not wait for the one before";
  EXPECT_TRUE(deaf.is_cut_off());
  EXPECT_LT(deaf.read_all().size(), kLarge);
}

TEST_F(HttpServerTest, ANewConnectionTakesThePlaceOfTheOneThatWaitsLongestForItsClient) {
  auto server = make({.connections_max = 3, .request_time = std::chrono::milliseconds{kForever}});
  Connection oldest{server};
  ASSERT_TRUE(oldest.send("GET "));
  std::vector<std::unique_ptr<Connection>> others;
  for (int i = 0; i < 2; ++i) {
    auto& other = *others.emplace_back(std::make_unique<Connection>(server));
    ASSERT_TRUE(other.send(get("/hello")));
    EXPECT_EQ(status_of(other.read_response().first), 200);
  }
  Connection newest{server};
  ASSERT_TRUE(newest.send(get("/hello")));
  EXPECT_EQ(status_of(newest.read_response().first), 200);
  EXPECT_EQ(oldest.read_all(), "");
  for (auto& other : others) {
    ASSERT_TRUE(other->send(get("/hello")));
    EXPECT_EQ(status_of(other->read_response().first), 200);
  }
}

TEST_F(HttpServerTest, ListensOnIpv6AndRefusesWhatItCannotListenOn) {
  HttpServer ipv6{"[::1]", 0, {}, [](const LogEvent&) {}};
  EXPECT_TRUE(ipv6.url().starts_with("http://[::1]:")) << ipv6.url();
  auto server = make();
  const auto port = port_of(server);
  const auto refusal = [](const std::string& address, std::uint16_t at) -> std::string {
    try {
      const HttpServer other{address, at, {}, [](const LogEvent&) {}};
      return "it listens";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(refusal("127.0.0.1", port), "cannot listen for HTTP on 127.0.0.1:" + std::to_string(port) +
                                            ": Address already in use (another process listens there: stop it, or "
                                            "choose another port)");
  EXPECT_NE(refusal("192.0.2.1", 0).find("not an address of this machine"), std::string::npos);
  EXPECT_NE(refusal("localhost", 0).find("not an IP address"), std::string::npos);
}

TEST(HttpDateTest, IsWrittenAsHttpWritesIt) {
  EXPECT_EQ(http_date(std::chrono::system_clock::from_time_t(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace dti
