#include "monitor/server/paths.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "monitor/common/daemon_paths.hpp"
#include "monitor/server/health.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

const SteadyTime kNow{1h};

ServerFigures leading() {
  ServerFigures figures;
  figures.at = kNow - 100ms;
  figures.phase = Lead::Phase::kLeading;
  figures.epoch = 7;
  figures.lease_until = kNow + 3s;
  figures.is_loaded = true;
  figures.semesters = {{"2025-10", {380, 60, 40}, {373, 58, 1000}, 2}};
  return figures;
}

ServerFigures standing_by() {
  ServerFigures figures;
  figures.at = kNow;
  figures.phase = Lead::Phase::kStandby;
  figures.leader = "10.0.0.1:6000";
  figures.is_loaded = true;
  figures.followed_at = kNow - 200ms;
  figures.entries_behind = 500;
  return figures;
}

HttpResponse status_of(const ServerFigures& figures) {
  nlohmann::ordered_json json;
  add_status(json, figures, kNow);
  return status(std::move(json), readiness(figures, kNow));
}

ServerFigures changed(ServerFigures figures, const std::function<void(ServerFigures&)>& change) {
  change(figures);
  return figures;
}

struct Case {
  std::string name;
  ServerFigures figures;
  int livez, readyz, leader, standby;
};
void PrintTo(const Case& shown, std::ostream* out) { *out << shown.name; }

class Paths : public testing::TestWithParam<Case> {};

TEST_P(Paths, SayWhetherTheServerIsInTheirState) {
  const auto& [name, figures, live, ready, leads, stands_by] = GetParam();
  EXPECT_EQ(livez(figures.at, kNow).status, live);
  EXPECT_EQ(readyz(readiness(figures, kNow), false).status, ready);
  EXPECT_EQ(readyz(readiness(figures, kNow), true).status, ready);
  EXPECT_EQ(leader(figures, kNow).status, leads);
  EXPECT_EQ(standby(figures, kNow, {}).status, stands_by);
  EXPECT_EQ(status_of(figures).status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    States, Paths,
    testing::Values(Case{"a leader", leading(), 200, 200, 200, 503},
                    Case{"a leader whose loop is silent for long",
                         changed(leading(), [](auto& figures) { figures.at = kNow - 5'001ms; }), 503, 503, 503, 503},
                    Case{"a leader whose loop is silent for a moment",
                         changed(leading(), [](auto& figures) { figures.at = kNow - 5s; }), 200, 200, 200, 503},
                    Case{"a leader whose lease has run out",
                         changed(leading(), [](auto& figures) { figures.lease_until = kNow; }), 200, 503, 503, 503},
                    Case{"a leader whose store is silent",
                         changed(leading(), [](auto& figures) { figures.store_answers = false; }), 200, 503, 200, 503},
                    Case{"a leader that stops", changed(leading(), [](auto& figures) { figures.is_stopping = true; }),
                         200, 503, 503, 503},
                    Case{"a server that takes over",
                         changed(leading(), [](auto& figures) { figures.phase = Lead::Phase::kTakingOver; }), 200, 503,
                         503, 503},
                    Case{"a standby", standing_by(), 200, 200, 503, 200},
                    Case{"a standby that has not loaded its state",
                         changed(standing_by(), [](auto& figures) { figures.is_loaded = false; }), 200, 503, 503, 503},
                    Case{"a standby that does not reach the store",
                         changed(standing_by(), [](auto& figures) { figures.followed_at = kNow - 6s; }), 200, 503, 503,
                         200},
                    Case{"a standby whose loop is silent",
                         changed(standing_by(), [](auto& figures) { figures.at = kNow - 6s; }), 503, 503, 503, 503},
                    Case{"a server that has just started",
                         changed(ServerFigures{}, [](auto& figures) { figures.at = kNow; }), 200, 503, 503, 503}),
    [](const auto& each) { return "Case" + std::to_string(each.index); });

TEST(StandbyPath, ComparesTheEntriesBehindWithTheLimitAndRefusesWhatIsNoNumber) {
  const auto status_for = [](std::string_view lag) { return standby(standing_by(), kNow, lag).status; };
  EXPECT_EQ(status_for("500"), 200);
  EXPECT_EQ(status_for("499"), 503);
  EXPECT_EQ(status_for("18446744073709551615"), 200);
  for (const auto* bad : {"", "-1", "+5", " 5", "5 ", "5s", "0x5", "1e3", "18446744073709551616", "many"}) {
    EXPECT_EQ(status_for(bad), 400) << bad;
    EXPECT_EQ(standby(leading(), kNow, bad).status, 400) << bad << ", whatever the role";
  }
  const auto cut_off = changed(standing_by(), [](auto& figures) { figures.followed_at = kNow - 6s; });
  EXPECT_EQ(standby(cut_off, kNow, "1000").status, 503) << "how far behind it is, is not known";
}

TEST(ReadyzPath, NamesTheFirstCheckThatFailsAndAllOfThemIfAsked) {
  const auto figures = changed(leading(), [](auto& each) { each.store_answers = false; });
  EXPECT_EQ(*readyz(readiness(figures, kNow), false).body,
            "not ready: the store does not answer, fails or refuses everything\n");
  EXPECT_EQ(*readyz(readiness(figures, kNow), true).body,
            "[+] loop: the loop turned 0.1 s ago\n"
            "[+] running: the server accepts requests\n"
            "[+] role: the server leads, epoch 7\n"
            "[+] state: the state is loaded\n"
            "[+] lease: the lease lasts for 3.0 s\n"
            "[-] store: the store does not answer, fails or refuses everything\n"
            "not ready: the store does not answer, fails or refuses everything\n");
  EXPECT_EQ(*readyz(readiness(leading(), kNow), false).body, "ready\n");
}

TEST(StatusPath, IsTheStateOfALeaderAsJson) {
  const auto response = status_of(leading());
  EXPECT_EQ(response.content_type, "application/json");
  const auto json = nlohmann::json::parse(*response.body);
  EXPECT_EQ(json["role"], "leader");
  EXPECT_EQ(json["ready"], true);
  EXPECT_EQ(json["epoch"], 7);
  EXPECT_EQ(json["lease-seconds-left"], 3.0);
  EXPECT_FALSE(json.contains("leader"));
  const auto& semester = json["semesters"].at(0);
  EXPECT_EQ(semester["name"], "2025-10");
  EXPECT_EQ(semester["head"], 2);
  EXPECT_EQ(semester["capacity"], nlohmann::json({{"classrooms", 380}, {"labs", 60}, {"mobile-labs", 40}}));
  EXPECT_EQ(semester["left"], nlohmann::json({{"classrooms", 373}, {"labs", 58}, {"mobile-labs", 373}}));
  EXPECT_EQ(json["checks"].size(), 6U);
}

TEST(StatusPath, NamesTheLeaderOfAStandbyAndHowFarItIsBehind) {
  const auto json = nlohmann::json::parse(*status_of(standing_by()).body);
  EXPECT_EQ(json["role"], "standby");
  EXPECT_EQ(json["leader"], "10.0.0.1:6000");
  EXPECT_EQ(json["entries-behind"], 500);
  EXPECT_NEAR(json["seconds-behind"].get<double>(), 0.2, 1e-9);
}

TEST(StatusPath, ShowsANameThatIsNotUtf8) {
  const auto figures = changed(leading(), [](auto& each) { each.semesters[0].name = "\xff\"\n"; });
  EXPECT_EQ(nlohmann::json::parse(*status_of(figures).body)["semesters"][0]["name"], "\ufffd\"\n");
}

}  // namespace
}  // namespace dti
