#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dti/service/faculty/faculty_service.hpp"
#include "unit/service/faculty/faculty_harness.hpp"

namespace dti {
namespace {

using namespace faculty_test;

// A network that loses, delays, reorders and repeats, in front of servers that share one idempotent memory.
class Network {
 public:
  Network(Faculty& faculty, std::uint64_t seed) : faculty_(faculty), random_(seed) {}

  void run_until_quiet(std::size_t program_count) {
    Token next = 1;
    SteadyTime next_ask = kStart;
    for (;;) {
      auto at = SteadyTime::max();
      if (next <= program_count) at = std::min(at, next_ask);
      if (!on_the_way_.empty()) at = std::min(at, on_the_way_.begin()->first);
      if (const auto wake = faculty_.service.wake_at()) at = std::min(at, *wake);
      if (at == SteadyTime::max()) return;
      faculty_.pass(std::chrono::duration_cast<milliseconds>(at - faculty_.now));
      if (next <= program_count && next_ask <= faculty_.now) {
        faculty_.ask(next, random_() % 2 == 0 ? "2025-10" : "2025-30");
        asked_at[next] = faculty_.now;
        ++next;
        next_ask = faculty_.now + milliseconds(random_() % 400);
      }
      if (!on_the_way_.empty() && on_the_way_.begin()->first <= faculty_.now) {
        const auto arrived = on_the_way_.extract(on_the_way_.begin());
        faculty_.reply(arrived.mapped().first, arrived.mapped().second);
      }
      for (; resets_seen_ < faculty_.resets.size(); ++resets_seen_) {
        std::erase_if(on_the_way_, [&](const auto& e) { return e.second.first == faculty_.resets[resets_seen_]; });
      }
      for (; sent_seen_ < faculty_.sent.size(); ++sent_seen_) serve(faculty_.sent[sent_seen_]);
      for (const auto endpoint : std::exchange(lost_, {})) {
        std::erase_if(on_the_way_, [&](const auto& e) { return e.second.first == endpoint; });
        faculty_.lose(endpoint);
      }
      for (const auto& [token, answers] : faculty_.answers) answered_at.try_emplace(token, faculty_.now);
    }
  }

  std::map<Token, SteadyTime> asked_at;
  std::map<Token, SteadyTime> answered_at;
  std::map<std::string, Quantity> granted_to;  // by program and semester
  std::size_t refused_free = 0;                // tries that count as none
  std::size_t losses = 0;                      // of connections: so do these

 private:
  void serve(const SendRequest& send) {
    const auto dice = random_() % 11;
    if (dice == 10) {  // the connection breaks, before or after the request took effect
      lost_.push_back(send.endpoint);
      ++losses;
      if (random_() % 2 == 0) return;
    }
    if (dice == 0) return;  // the request is lost
    AllocationReply reply;
    if (dice <= 3) {
      const Status statuses[] = {Status::kNotLeader, Status::kOverloaded, Status::kUnavailable};
      // A repeat of it may end the next try too, and each may end the tries of other requests.
      if (dice == 1) refused_free += 2;
      reply = failed(send.request, {statuses[dice - 1], "", milliseconds(random_() % 300), "b:2"});
    } else {
      for (const auto& program : send.request.programs) {
        const auto classrooms = granted_to.try_emplace(program.name, ++last_grant_).first->second;
        reply.programs.push_back({program.correlation_id, Status::kOk, {classrooms, 0, 0}});
      }
      std::shuffle(reply.programs.begin(), reply.programs.end(), random_);
    }
    if (dice == 9) reply.request_id = send.request.request_id;
    const auto copies = random_() % 4;  // 0: the reply is lost
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(copies, 2); ++i) {
      on_the_way_.emplace(faculty_.now + milliseconds(random_() % 3'000), std::pair{send.endpoint, reply});
    }
  }

  Faculty& faculty_;
  std::mt19937_64 random_;
  std::multimap<SteadyTime, std::pair<std::size_t, AllocationReply>> on_the_way_;
  std::size_t sent_seen_ = 0;
  std::size_t resets_seen_ = 0;
  std::vector<std::size_t> lost_;  // connections, by endpoint
  Quantity last_grant_ = 0;
};

TEST(FacultyServicePropertyTest, OnABadNetworkEveryProgramGetsExactlyOneAnswerInTimeAndTheServersOwn) {
  std::size_t ok = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto options = options_of_three_servers();
    options.programs_min = 1 + seed % 5;
    options.client.retries = static_cast<int>(seed % 7);
    options.client.endpoints.resize(1 + seed % 3);
    Faculty faculty(options, seed);
    Network network(faculty, seed);
    network.run_until_quiet(60);
    ASSERT_EQ(faculty.answers.size(), 60u);
    EXPECT_EQ(faculty.service.waiting_count(), 0u);
    for (const auto& [token, answers] : faculty.answers) {
      ASSERT_EQ(answers.size(), 1u) << token;
      const auto waited = network.answered_at[token] - network.asked_at[token];
      EXPECT_LE(waited, options.batch_wait + options.client.budget) << token;
      if (answers[0].status == Status::kOk) {
        ++ok;
        EXPECT_EQ(answers[0].grant.classrooms, network.granted_to.at(Faculty::name_of(token))) << token;
      } else {
        EXPECT_EQ(answers[0].status, Status::kUnavailable) << token;
      }
    }
    const auto tries_max = static_cast<std::size_t>(1 + options.client.retries);
    std::map<std::string, std::size_t> tries;
    for (const auto& send : faculty.sent) ++tries[send.request.request_id.value()];
    for (const auto& [id, count] : tries)
      EXPECT_LE(count, tries_max + (options.client.retries > 0 ? network.refused_free + network.losses : 0)) << id;
  }
  EXPECT_GT(ok, 3'000u) << "most programs get their rooms all the same";
}

}  // namespace
}  // namespace dti
