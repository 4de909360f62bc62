#include "monitor/server/server_metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dti/domain/name.hpp"
#include "dti/monitor/server/server_routes.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

const SteadyTime kNow{1h};

std::string text_of(const ServerFigures& figures) {
  MetricPage page;
  add_server_metrics(page, figures, kNow);
  return page.prometheus_text();
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(ServerMetrics, ShowWhatTheFiguresSay) {
  ServerFigures figures;
  figures.at = kNow - 500ms;
  figures.phase = Lead::Phase::kLeading;
  figures.epoch = 3;
  figures.lease_until = kNow + 1500ms;
  figures.is_loaded = true;
  figures.requests.decided = 11;
  figures.requests.decisions[static_cast<std::size_t>(Status::kOk)] = 5;
  figures.requests.rejected[static_cast<std::size_t>(Status::kOverloaded)] = 2;
  figures.requests.reply_seconds.observe(0.002);
  figures.store.failures[static_cast<std::size_t>(StorageError::Kind::kInDoubt)] = 1;
  figures.replies_dropped = {1, 2, 3};
  figures.top_ups = 7;
  figures.holds_expired = 4;
  figures.holds_aside = 1;
  figures.semesters = {{"2025-10", {380, 60, 40}, {373, 58, 39}, 12, 3, 2}, {"a \"b\"", {1, 2, 0}, {1, 2, 0}, 1}};
  const auto text = text_of(figures);
  for (const auto* line : {
           "dti_decisions_total{status=\"OK\"} 5",
           "dti_requests_total{outcome=\"decided\"} 11",
           "dti_requests_total{outcome=\"OVERLOADED\"} 2",
           "dti_requests_total{outcome=\"NOT-LEADER\"} 0",
           "dti_reply_seconds_bucket{le=\"0.001\"} 0",
           "dti_reply_seconds_bucket{le=\"0.0025\"} 1",
           "dti_reply_seconds_count 1",
           "dti_store_failures_total{kind=\"in-doubt\"} 1",
           "dti_store_failures_total{kind=\"refused\"} 0",
           "dti_replies_dropped_total{reason=\"not-read\"} 2",
           "dti_role{role=\"leader\"} 1",
           "dti_role{role=\"standby\"} 0",
           "dti_epoch 3",
           "dti_lease_left_seconds 1.5",
           "dti_rooms_left{semester=\"2025-10\",kind=\"classroom\"} 373",
           "dti_rooms_left{semester=\"2025-10\",kind=\"mobile-lab\"} 39",
           "dti_rooms_capacity{semester=\"a \\\"b\\\"\",kind=\"lab\"} 2",
           "dti_ledger_head{semester=\"2025-10\"} 12",
           "dti_programs_waiting{semester=\"2025-10\"} 3",
           "dti_programs_waiting{semester=\"a \\\"b\\\"\"} 0",
           "dti_top_ups_total 7",
           "dti_holds_open{semester=\"2025-10\"} 2",
           "dti_holds_expired_total 4",
           "dti_holds_overdue 1",
       }) {
    EXPECT_TRUE(has_line(text, line)) << line << " in\n" << text;
  }
  EXPECT_FALSE(text.find("dti_decisions_total{status=\"OVERLOADED\"}") != std::string::npos)
      << "it is of a whole request";
}

TEST(ServerMetrics, ANameThatIsNotUtf8IsALabelWithEscapesOfItsOwn) {
  ServerFigures figures;
  figures.semesters = {{"a\xff", {1, 1, 0}, {1, 1, 0}, 1},
                       {"a\xfe", {2, 1, 0}, {2, 1, 0}, 2},
                       {{"a\0b", 3}, {3, 1, 0}, {3, 1, 0}, 3},
                       {"a\u00e9", {4, 1, 0}, {4, 1, 0}, 4}};
  const auto text = text_of(figures);
  for (const auto* line :
       {R"(dti_ledger_head{semester="\"a\\xff\""} 1)", R"(dti_ledger_head{semester="\"a\\xfe\""} 2)",
        R"(dti_ledger_head{semester="\"a\\u0000b\""} 3)", "dti_ledger_head{semester=\"a\u00e9\"} 4"}) {
    EXPECT_TRUE(has_line(text, line)) << line << " in\n" << text;
  }
  EXPECT_TRUE(is_utf8(text));
}

TEST(ServerMetrics, AStandbyThatHasNotReadTheLedgerYetIsBehindSinceItStandsBy) {
  ServerFigures figures;
  figures.phase = Lead::Phase::kStandby;
  figures.followed_at = kNow - 7s;
  figures.entries_behind = 12;
  const auto text = text_of(figures);
  EXPECT_TRUE(has_line(text, "dti_standby_behind_seconds 7"));
  EXPECT_TRUE(has_line(text, "dti_standby_entries_behind 12"));
}

TEST(ServerMetrics, EachFamilyIsThereOnceWithHelpAndType) {
  ServerFigures figures;
  figures.semesters.resize(2);
  std::istringstream lines{text_of(figures)};
  std::set<std::string> helped;
  std::set<std::string> typed;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string mark, kind, name, text;
    words >> mark >> kind >> name;
    if (mark != "#") continue;
    EXPECT_TRUE((kind == "HELP" ? helped : typed).insert(name).second) << line;
    std::getline(words, text);
    if (kind == "HELP") {
      EXPECT_TRUE(text.ends_with(".")) << line;
    }
  }
  EXPECT_GT(helped.size(), 20U);
  EXPECT_EQ(helped, typed);
}

TEST(ServerRoutes, AnswerFromTheNewestFiguresInTheFormatThatTheClientPrefers) {
  FiguresBoard board{ServerFigures{}};
  const auto counts = std::make_shared<HttpCounts>();
  counts->open = 3;
  const auto routes =
      server_routes(board,
                    {.version = "1.2.3",
                     .log_lines_dropped =
                         [] {
                           return LogDrops{7, 2};
                         },
                     .events =
                         [] {
                           return std::map<std::string, std::uint64_t>{{"replaced", 0}, {"store-silent", 4}};
                         },
                     .http_counts = counts},
                    {});
  const auto get = [&](const std::string& path, const std::string& accept) {
    HttpResponse response;
    for (const auto& route : routes) {
      if (route.path != path) continue;
      route.get({"GET", path, {}, {{"accept", accept}}}, [&](HttpResponse given) { response = std::move(given); });
    }
    return response;
  };
  const auto text = get("/metrics", "");
  EXPECT_EQ(text.content_type, MetricPage::kPrometheusType);
  EXPECT_TRUE(has_line(*text.body, "dti_build_info{version=\"1.2.3\"} 1"));
  EXPECT_TRUE(has_line(*text.body, "dti_log_lines_dropped_total{reason=\"not-read\"} 7"));
  EXPECT_TRUE(has_line(*text.body, "dti_log_lines_dropped_total{reason=\"not-written\"} 2"));
  EXPECT_TRUE(has_line(*text.body, "dti_events_total{event=\"replaced\"} 0"));
  EXPECT_TRUE(has_line(*text.body, "dti_events_total{event=\"store-silent\"} 4"));
  EXPECT_TRUE(has_line(*text.body, "dti_http_connections 3"));
  EXPECT_EQ(text.body->find("dti_store_log_bytes"), std::string::npos);
  const auto open_metrics = get("/metrics", "application/openmetrics-text");
  EXPECT_EQ(open_metrics.content_type, MetricPage::kOpenMetricsType);
  EXPECT_TRUE(open_metrics.body->ends_with("\n# EOF\n"));
  EXPECT_EQ(get("/livez", "").status, 503);
  EXPECT_TRUE(has_line(*text.body, "dti_ready 0"));
  const auto json = nlohmann::json::parse(*get("/status", "").body);
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["uptime-seconds"], 0);
  EXPECT_EQ(json["role"], "taking-over");
  ASSERT_TRUE(board.publish(
      {.at = std::chrono::steady_clock::now(), .requests = {}, .store = {}, .leader = {}, .semesters = {}}));
  EXPECT_EQ(get("/livez", "").status, 200);
  ASSERT_TRUE(board.publish({.at = std::chrono::steady_clock::now(),
                             .requests = {},
                             .store = {},
                             .epoch = 5,
                             .leader = {},
                             .semesters = {}}));
  EXPECT_EQ(nlohmann::json::parse(*get("/status", "").body)["epoch"], 5) << "at once";
}

TEST(ServerRoutes, ClientsThatAskForTheStatusOrTheMetricsWithoutAPauseGetTheSameTextForAWhile) {
  const FiguresBoard board{ServerFigures{}};
  const auto routes = server_routes(board,
                                    {.version = "1",
                                     .log_lines_dropped = [] { return LogDrops{}; },
                                     .events = [] { return std::map<std::string, std::uint64_t>{}; },
                                     .http_counts = std::make_shared<HttpCounts>()},
                                    {});
  for (const std::string path : {"/status", "/metrics"}) {
    const auto route =
        std::find_if(routes.begin(), routes.end(), [&](const HttpRoute& each) { return each.path == path; });
    const auto body = [&] {
      HttpResponse response;
      route->get({"GET", path, {}, {}}, [&](HttpResponse given) { response = std::move(given); });
      return response.body;
    };
    // On a slow machine, two requests may be further apart than that, but not every time.
    const auto give_up_at = std::chrono::steady_clock::now() + 10s;
    auto before = body();
    for (auto next = body(); next != before; next = body()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << path;
      before = next;
    }
    while (body() == before) ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << path << " is made again later";
  }
}

}  // namespace
}  // namespace dti
