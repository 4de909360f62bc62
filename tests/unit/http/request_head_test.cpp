#include "http/request_head.hpp"

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace dti {
namespace {

using namespace std::string_literals;
using Parsed = RequestHeadReader::Result;

Parsed parse_request_head(std::string_view bytes) { return RequestHeadReader{}.read(bytes); }

int status_of(const Parsed& parsed) {
  if (const auto* refused = std::get_if<HeadRefused>(&parsed)) return refused->status;
  return std::holds_alternative<RequestHead>(parsed) ? 200 : 0;
}

struct Case {
  std::string name;
  std::string bytes;
};
void PrintTo(const Case& shown, std::ostream* out) { *out << shown.name; }

std::string with(const std::string& fields) { return "GET /livez HTTP/1.1\r\nHost: dti\r\n" + fields + "\r\n"; }

class AmbiguousHead : public testing::TestWithParam<Case> {};

TEST_P(AmbiguousHead, IsRefusedWhenItsFaultHasCome) {
  const auto& bytes = GetParam().bytes;
  EXPECT_EQ(status_of(parse_request_head(bytes)), 400);
  EXPECT_EQ(status_of(parse_request_head(bytes + "GET /metrics HTTP/1.1\r\nHost: dti\r\n\r\n")), 400);
}

INSTANTIATE_TEST_SUITE_P(
    Smuggling, AmbiguousHead,
    testing::Values(
        Case{"Content-Length, then Transfer-Encoding", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
        Case{"Transfer-Encoding, then Content-Length", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
        Case{"Content-Length of 0 with Transfer-Encoding", with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")},
        Case{"two lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n")},
        Case{"the same length twice", with("Content-Length: 5\r\ncontent-length: 5\r\n")},
        Case{"a list of lengths", with("Content-Length: 5, 5\r\n")},
        Case{"a length with a sign", with("Content-Length: +5\r\n")},
        Case{"a negative length", with("Content-Length: -5\r\n")},
        Case{"a hexadecimal length", with("Content-Length: 0x5\r\n")},
        Case{"a length with a space in it", with("Content-Length: 5 0\r\n")},
        Case{"an empty length", with("Content-Length:\r\n")},
        Case{"a length that overflows", with("Content-Length: 18446744073709551621\r\n")},
        Case{"two encodings", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")},
        Case{"chunked in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Case{"a space before the colon", with("Content-Length : 5\r\n")},
        Case{"a tab before the colon", with("Transfer-Encoding\t: chunked\r\n")},
        Case{"a field without colon", with("Content-Length\r\n")}, Case{"a field without name", with(": 5\r\n")},
        Case{"a name in quotes", with("\"Content-Length\": 5\r\n")},
        Case{"a name with a letter that is not ASCII", with("H\xc3\xb6st: x\r\n")},
        Case{"obs-fold with a space", with("X: a\r\n b\r\n")},
        Case{"obs-fold with a tab", with("X: a\r\n\tTransfer-Encoding: chunked\r\n")},
        Case{"obs-fold behind the request line", "GET / HTTP/1.1\r\n Host: dti\r\n\r\n"},
        Case{"bare LF behind a field", with("X: a\nTransfer-Encoding: chunked\r\n")},
        Case{"bare LF behind the request line", "GET / HTTP/1.1\nHost: dti\r\n\r\n"},
        Case{"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: dti\r\n\n"},
        Case{"bare CR in a field", with("X: a\rTransfer-Encoding: chunked\r\n")}, Case{"CR CR LF", with("X: a\r\r\n")},
        Case{"NUL in a field", with("X: a\0b\r\n"s)},
        Case{"NUL in the request line", "GET /\0 HTTP/1.1\r\nHost: dti\r\n\r\n"s},
        Case{"a control character in a field", with("X: a\x01\r\n")}, Case{"DEL in a field", with("X: a\x7f\r\n")},
        Case{"two hosts", with("Host: other\r\n")}, Case{"the same host twice", with("host: dti\r\n")},
        Case{"no host", "GET / HTTP/1.1\r\n\r\n"}, Case{"a host with a path", "GET / HTTP/1.1\r\nHost: dti/x\r\n\r\n"},
        Case{"a host with a user", "GET / HTTP/1.1\r\nHost: me@dti\r\n\r\n"},
        Case{"a host with a port that is no number", "GET / HTTP/1.1\r\nHost: dti:6o80\r\n\r\n"},
        Case{"a bracket in a host's brackets", "GET / HTTP/1.1\r\nHost: [[]\r\n\r\n"},
        Case{"brackets without address", "GET / HTTP/1.1\r\nHost: []\r\n\r\n"},
        Case{"an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
        Case{"a host with half a percent", "GET / HTTP/1.1\r\nHost: a%4\r\n\r\n"},
        Case{"a host with a percent without digits", "GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n"},
        Case{"CONNECT to an address without port", "CONNECT [::1] HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"CONNECT to a name without port", "CONNECT dti: HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a list of hosts", "GET / HTTP/1.1\r\nHost: dti, other\r\n\r\n"}, Case{"HTTP/0.9", "GET /\r\n"},
        Case{"HTTP/0.9 with a space", "GET / \r\n"},
        Case{"two spaces behind the method", "GET  / HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"two spaces behind the target", "GET /  HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a tab behind the method", "GET\t/ HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a space before the method", " GET / HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a space behind the version", "GET / HTTP/1.1 \r\nHost: dti\r\n\r\n"},
        Case{"a lower-case version", "GET / http/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a version with three digits", "GET / HTTP/1.10\r\nHost: dti\r\n\r\n"},
        Case{"a version with a plus", "GET / HTTP/+1.1\r\nHost: dti\r\n\r\n"},
        Case{"a second empty line before", "\r\n\r\nGET / HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a method with a colon", "GE:T / HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a target without slash", "GET livez HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"an asterisk with GET", "GET * HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"an authority with GET", "GET dti:80 HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a path with CONNECT", "CONNECT / HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a fragment", "GET /livez#x HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a backslash", "GET \\livez HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a byte that is not ASCII", "GET /liv\xc3\xa9z HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"half a percent", "GET /livez% HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a percent without digits", "GET /%zz HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"an encoded NUL", "GET /livez%00 HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"an encoded NUL in the query", "GET /livez?a=%00 HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"another scheme", "GET ftp://dti/livez HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a URL with a user", "GET http://me@dti/livez HTTP/1.1\r\nHost: dti\r\n\r\n"},
        Case{"a URL without host", "GET http:///livez HTTP/1.1\r\nHost: dti\r\n\r\n"}),
    [](const auto& each) { return "Case" + std::to_string(each.index); });

TEST(RequestHeadTest, FramesThatAreNotServedHaveAStatusOfTheirOwn) {
  EXPECT_EQ(status_of(parse_request_head("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")), 505) << "HTTP/2 begins like this";
  EXPECT_EQ(status_of(parse_request_head("GET / HTTP/3.0\r\n")), 505);
  EXPECT_EQ(status_of(parse_request_head(with("Transfer-Encoding: gzip, chunked\r\n"))), 501);
  EXPECT_EQ(status_of(parse_request_head(with("Transfer-Encoding: xchunked\r\n"))), 501);
  EXPECT_EQ(status_of(parse_request_head("\x16\x03\x01\x02\x01\x01")), 0) << "TLS has no line end so far";
}

TEST(RequestHeadTest, ABodyIsSeenWhicheverWayItIsFramed) {
  const auto has_body = [](const std::string& fields) {
    const auto parsed = parse_request_head(with(fields));
    return std::get<RequestHead>(parsed).has_body;
  };
  EXPECT_FALSE(has_body(""));
  EXPECT_FALSE(has_body("Content-Length: 0\r\n"));
  EXPECT_FALSE(has_body("Content-Length: 000\r\n"));
  EXPECT_TRUE(has_body("Content-Length: 1\r\n"));
  EXPECT_TRUE(has_body("Content-Length: 010\r\n"));
  EXPECT_TRUE(has_body("Transfer-Encoding: Chunked\r\n"));
}

TEST(RequestHeadTest, AWholeHeadIsReadAndTheBytesBehindItAreLeft) {
  const auto head = "GET /standby?lag=5&x HTTP/1.1\r\nhOst: dti:6080\r\nAccept: a/b\r\naccept:  c/d \r\n\r\n"s;
  const auto parsed = parse_request_head(head + "GET /");
  const auto* found = std::get_if<RequestHead>(&parsed);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->bytes, head.size());
  EXPECT_EQ(found->request.method, "GET");
  EXPECT_EQ(found->request.path, "/standby");
  EXPECT_EQ(found->request.parameter("lag"), "5");
  EXPECT_EQ(found->request.parameter("x"), "");
  EXPECT_EQ(found->request.parameter("y"), std::nullopt);
  EXPECT_EQ(found->request.field("host"), "dti:6080");
  EXPECT_EQ(found->request.field("accept"), "a/b, c/d");
  EXPECT_TRUE(found->keep_alive);
  EXPECT_FALSE(found->has_body);
}

TEST(RequestHeadTest, EachBeginningOfAHeadIsIncompleteAndNotRefused) {
  const auto head = "\r\nGET /livez HTTP/1.1\r\nHost: dti\r\nX: y\r\n\r\n"s;
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(status_of(parse_request_head(std::string_view{head}.substr(0, size))), 0) << size;
  }
  EXPECT_EQ(status_of(parse_request_head(head)), 200);
}

TEST(RequestHeadTest, ATargetHasOnePathHoweverItIsWritten) {
  const std::vector<std::pair<std::string, std::string>> targets = {
      {"/livez", "/livez"},
      {"/l%69ve%7A", "/livez"},
      {"/a%2Fb", "/a%2Fb"},
      {"//livez", "//livez"},
      {"/./livez", "/./livez"},
      {"/../livez", "/../livez"},
      {"http://dti/livez", "/livez"},
      {"HTTP://dti:6080/livez?x", "/livez"},
      {"http://other.example", "/"},
      {"http://[::1]:6080?x=/y", "/"},
      {"https://dti//livez", "//livez"},
  };
  for (const auto& [target, path] : targets) {
    const auto parsed = parse_request_head("GET " + target + " HTTP/1.1\r\nHost: dti\r\n\r\n");
    const auto* head = std::get_if<RequestHead>(&parsed);
    ASSERT_NE(head, nullptr) << target;
    EXPECT_EQ(head->request.path, path) << target;
  }
  for (const auto* line : {"OPTIONS * HTTP/1.1", "CONNECT dti:443 HTTP/1.1", "CONNECT [::1]:443 HTTP/1.1"}) {
    const auto parsed = parse_request_head(line + "\r\nHost: dti\r\n\r\n"s);
    ASSERT_EQ(status_of(parsed), 200) << line;
    EXPECT_EQ(std::get<RequestHead>(parsed).request.path, "*");
  }
}

TEST(RequestHeadTest, AConnectionIsKeptAsItsVersionAndItsOptionsSay) {
  struct {
    std::string version, connection;
    bool keeps;
  } const cases[] = {
      {"1.1", "", true},           {"1.1", "close", false},
      {"1.1", "Close", false},     {"1.1", "keep-alive, close", false},
      {"1.1", "x,close ", false},  {"1.0", "", false},
      {"1.0", "Keep-Alive", true}, {"1.0", "keep-alive, close", false},
      {"1.7", "", true},
  };
  for (const auto& [version, connection, keeps] : cases) {
    const auto parsed =
        parse_request_head("GET / HTTP/" + version + "\r\nHost: dti\r\nConnection: " + connection + "\r\n\r\n");
    ASSERT_EQ(status_of(parsed), 200);
    EXPECT_EQ(std::get<RequestHead>(parsed).keep_alive, keeps) << version << " " << connection;
  }
}

TEST(RequestHeadTest, ALineOrAHeadThatIsTooLongIsRefusedBeforeItsEnd) {
  const std::string longest_line = "GET /" + std::string(kRequestLineBytesMax - 14, 'a') + " HTTP/1.1";
  ASSERT_EQ(longest_line.size(), kRequestLineBytesMax);
  EXPECT_EQ(status_of(parse_request_head(longest_line + "\r\nHost: dti\r\n\r\n")), 200);
  EXPECT_EQ(status_of(parse_request_head("GET /" + std::string(kRequestLineBytesMax, 'a'))), 414);
  const auto start = "GET / HTTP/1.1\r\nHost: dti\r\n"s;
  EXPECT_EQ(status_of(parse_request_head(start + "X: " + std::string(kHeadBytesMax, 'a'))), 431);
  std::string many = start;
  while (many.size() < kHeadBytesMax) many += "X: y\r\n";
  EXPECT_EQ(status_of(parse_request_head(many + "\r\n")), 431);
}

TEST(RequestHeadTest, WhatIsDecidedDoesNotDependOnThePiecesInWhichTheBytesCome) {
  constexpr unsigned kSeed = 20'261'128;
  std::mt19937 random{kSeed};
  const std::vector<std::string> parts = {"GET ",
                                          "/livez",
                                          " ",
                                          "HTTP/1.1",
                                          "HTTP/1.0",
                                          "\r\n",
                                          "\r",
                                          "\n",
                                          ":",
                                          "Host: a",
                                          "Content-Length: ",
                                          "5",
                                          "Transfer-Encoding: chunked",
                                          "\t",
                                          "\0"s,
                                          "?a=%41",
                                          "GET / HTTP/1.1\r\nHost: a\r\n",
                                          "POST * ",
                                          "\r\n\r\n"};
  int accepted = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes = random() % 2 == 0 ? "" : "GET / HTTP/1.1\r\nHost: a\r\n";
    for (auto more = random() % 8; more > 0; --more) bytes += parts[random() % parts.size()];
    const auto whole = parse_request_head(bytes);
    const auto* head = std::get_if<RequestHead>(&whole);
    accepted += head == nullptr ? 0 : 1;
    RequestHeadReader reader;
    Parsed in_pieces = HeadIncomplete{};
    std::size_t size = 0;
    while (size < bytes.size() && status_of(in_pieces) == 0) {
      size = std::min(bytes.size(), size + 1 + random() % 3);
      in_pieces = reader.read(std::string_view{bytes}.substr(0, size));
    }
    const auto shown = testing::PrintToString(bytes) + " after " + std::to_string(size) + " bytes";
    ASSERT_EQ(status_of(in_pieces) == 200, head != nullptr) << shown << ", seed " << kSeed;
    ASSERT_EQ(status_of(in_pieces) == 0, status_of(whole) == 0) << shown << ", seed " << kSeed;
    if (head == nullptr) continue;
    const auto& pieces = std::get<RequestHead>(in_pieces);
    ASSERT_GE(size, head->bytes) << shown;
    ASSERT_EQ(pieces.bytes, head->bytes) << shown;
    ASSERT_EQ(pieces.request.path, head->request.path) << shown;
    ASSERT_EQ(pieces.request.fields, head->request.fields) << shown;
    ASSERT_EQ(pieces.has_body, head->has_body) << shown;
  }
  EXPECT_GT(accepted, 100);
}

TEST(RequestHeadTest, ALineIsReadOnce) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: dti\r\n";
  RequestHeadReader reader;
  ASSERT_EQ(status_of(reader.read(bytes)), 0);
  const auto first_lines = bytes.size();
  bytes += "X: y\r\n\r\n";
  auto spoilt = bytes;
  spoilt.replace(0, first_lines, first_lines, '\n');  // a reader that began again would refuse it
  const auto parsed = reader.read(spoilt);
  ASSERT_EQ(status_of(parsed), 200);
  EXPECT_EQ(std::get<RequestHead>(parsed).request.field("x"), "y");
}

TEST(RequestHeadTest, OfTwoFaultsTheFirstIsToldHoweverTheBytesCome) {
  const std::vector<std::pair<std::string, int>> cases = {
      {"GET /" + std::string(kRequestLineBytesMax, 'a') + "\0"s, 414},
      {"GET /" + std::string(kRequestLineBytesMax, 'a') + "\n", 414},
      {"GET /\0"s + std::string(kRequestLineBytesMax, 'a'), 400},
      {"GET /\ra" + std::string(kRequestLineBytesMax, 'a'), 400},
      {"GET / HTTP/1.1\r\nX: " + std::string(kHeadBytesMax, 'a') + "\0"s, 431},
      {"GET / HTTP/1.1\r\nX: \0"s + std::string(kHeadBytesMax, 'a'), 400},
  };
  for (const auto& [bytes, status] : cases) {
    EXPECT_EQ(status_of(parse_request_head(bytes)), status) << bytes.substr(0, 20);
    RequestHeadReader reader;
    Parsed in_pieces = HeadIncomplete{};
    for (std::size_t size = 1; size <= bytes.size() && status_of(in_pieces) == 0; ++size) {
      in_pieces = reader.read(std::string_view{bytes}.substr(0, size));
    }
    EXPECT_EQ(status_of(in_pieces), status) << bytes.substr(0, 20);
  }
}

TEST(RequestHeadTest, AHeadHasAtMost100Fields) {
  std::string head = "GET / HTTP/1.1\r\nHost: dti\r\n";
  for (std::size_t i = 1; i < kHeadFieldsMax; ++i) head += "X: y\r\n";
  EXPECT_EQ(status_of(parse_request_head(head + "\r\n")), 200);
  EXPECT_EQ(status_of(parse_request_head(head + "X: y\r\n\r\n")), 431);
}

TEST(RequestHeadTest, ARefusalOfHeadSaysSo) {
  const std::vector<std::pair<std::string, bool>> cases = {{"HEAD / HTTP/1.1\r\n\r\n", true},
                                                           {"HEAD nothing HTTP/1.1\r\n", true},
                                                           {"GET / HTTP/1.1\r\n\r\n", false},
                                                           {"HEAD\r\n", true}};
  for (const auto& [bytes, is_head] : cases) {
    const auto parsed = parse_request_head(bytes);
    ASSERT_EQ(status_of(parsed), 400) << bytes;
    EXPECT_EQ(std::get<HeadRefused>(parsed).is_head, is_head) << bytes;
  }
}

TEST(RequestHeadTest, HTTP10NeedsNoHost) {
  EXPECT_EQ(status_of(parse_request_head("GET / HTTP/1.0\r\n\r\n")), 200);
  EXPECT_EQ(status_of(parse_request_head("GET / HTTP/1.1\r\nHost:\r\n\r\n")), 200) << "an empty one is allowed";
}

}  // namespace
}  // namespace dti
