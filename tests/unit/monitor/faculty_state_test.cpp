#include "monitor/faculty/faculty_state.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "dti/monitor/faculty/faculty_routes.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

const SteadyTime kNow{1h};

FacultyFigures serving() {
  FacultyFigures figures;
  figures.at = kNow - 100ms;
  figures.servers = {{"a:1", true, true}, {"b:2", false, false}};
  return figures;
}

std::string text_of(const FacultyFigures& figures) {
  MetricPage page;
  add_faculty_metrics(page, figures);
  return page.prometheus_text();
}

TEST(FacultyMetrics, ShowWhatTheFiguresSay) {
  auto figures = serving();
  figures.counts.batches_answered = 3;
  figures.counts.batches_given_up = 1;
  figures.counts.tries_sent = 9;
  figures.counts.tries_lost = 4;
  figures.counts.tries_refused = 2;
  figures.counts.batch_programs.observe(5);
  figures.counts.batch_seconds.observe(0.3);
  figures.answers[static_cast<std::size_t>(Status::kOk)] = 11;
  figures.programs_waiting = 6;
  figures.batches_gathering = 2;
  figures.batches_asked = 1;
  figures.peers = 7;
  figures.replies_dropped = {1, 2, 3};
  figures.times_closed = 4;
  figures.memory_max = 64;
  const auto text = text_of(figures);
  for (const std::string line : {
           "dti_faculty_batches_total{outcome=\"answered\"} 3",
           "dti_faculty_batches_total{outcome=\"given-up\"} 1",
           "dti_faculty_tries_total 9",
           "dti_faculty_tries_failed_total{reason=\"lost\"} 4",
           "dti_faculty_tries_failed_total{reason=\"refused\"} 2",
           "dti_faculty_batch_programs_bucket{le=\"2\"} 0",
           "dti_faculty_batch_programs_bucket{le=\"5\"} 1",
           "dti_faculty_batch_seconds_count 1",
           "dti_faculty_answers_total{status=\"OK\"} 11",
           "dti_faculty_answers_total{status=\"UNAVAILABLE\"} 0",
           "dti_faculty_programs_waiting 6",
           "dti_faculty_batches_waiting{for=\"programs\"} 2",
           "dti_faculty_batches_waiting{for=\"server\"} 1",
           "dti_faculty_server_connected{server=\"a:1\"} 1",
           "dti_faculty_server_connected{server=\"b:2\"} 0",
           "dti_faculty_server_in_use{server=\"a:1\"} 1",
           "dti_faculty_server_in_use{server=\"b:2\"} 0",
           "dti_peers 7",
           "dti_replies_dropped_total{reason=\"closed\"} 3",
           "dti_connections_closed_total 4",
           "dti_memory_max_bytes 64",
       }) {
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line << " in\n" << text;
  }
}

TEST(FacultyMetrics, AServerThatTheSettingsNameTwiceIsOneSample) {
  auto figures = serving();
  figures.servers = {{"a:1", false, false}, {"a:1", true, true}};
  const auto text = text_of(figures);
  const std::string sample = "dti_faculty_server_connected{server=\"a:1\"} ";
  EXPECT_NE(text.find(sample + "1\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(sample, text.find(sample) + 1), std::string::npos) << text;
}

TEST(FacultyReadiness, FailsIfTheLoopIsSilentOrNoRequestIsAccepted) {
  EXPECT_TRUE(all_pass(readiness(serving(), kNow)));
  EXPECT_FALSE(all_pass(readiness(serving(), kNow + 5s)));
  auto stopping = serving();
  stopping.takes_requests = false;
  EXPECT_FALSE(all_pass(readiness(stopping, kNow)));
  auto alone = serving();
  alone.servers = {{"a:1", false, true}};
  EXPECT_TRUE(all_pass(readiness(alone, kNow))) << "only a batch shows whether a server answers";
}

TEST(FacultyStatus, NamesTheFacultyAndItsServers) {
  auto figures = serving();
  figures.programs_waiting = 6;
  figures.batches_asked = 1;
  nlohmann::ordered_json json;
  add_status(json, figures, "Derecho");
  EXPECT_EQ(json["faculty"], "Derecho");
  EXPECT_EQ(json["programs-waiting"], 6);
  EXPECT_EQ(json["batches-waiting-for-server"], 1);
  EXPECT_EQ(json["servers"].size(), 2U);
  EXPECT_EQ(json["servers"][0], (nlohmann::ordered_json{{"address", "a:1"}, {"connected", true}, {"in-use", true}}));
}

TEST(FacultyRoutes, AreThoseOfEachDaemon) {
  const FacultyBoard board{FacultyFigures{}};
  std::string paths;
  const ProcessFacts facts{.version = "1",
                           .log_lines_dropped = [] { return LogDrops{}; },
                           .events = [] { return std::map<std::string, std::uint64_t>{}; },
                           .http_counts = std::make_shared<HttpCounts>()};
  for (const auto& route : faculty_routes(board, facts, "Derecho")) {
    paths += route.path + " ";
    HttpResponse response;
    route.get({"GET", route.path, {}, {}}, [&](HttpResponse given) { response = std::move(given); });
    EXPECT_FALSE(response.body->empty()) << route.path;
  }
  EXPECT_EQ(paths, "/livez /readyz /status /metrics ");
}

}  // namespace
}  // namespace dti
