#include "core/request_maker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"

namespace dti::bench {
namespace {

using Asked = std::pair<std::string, std::string>;  // faculty, program

const LoadCatalog& uneven_catalog() {
  static const auto catalog = LoadCatalog::of({{"Seven", "a"},
                                               {"Seven", "b"},
                                               {"Seven", "c"},
                                               {"Seven", "d"},
                                               {"Seven", "e"},
                                               {"Seven", "f"},
                                               {"Seven", "g"},
                                               {"One", "a"},
                                               {"Five", "a"},
                                               {"Five", "b"},
                                               {"Five", "c"},
                                               {"Five", "d"},
                                               {"Five", "e"}});
  return catalog;
}

std::vector<std::string> all_of(RequestMaker& maker) {
  std::vector<std::string> bodies;
  for (std::uint64_t number = 0; number < maker.size(); ++number) bodies.push_back(maker.encode(number));
  return bodies;
}

TEST(RequestMaker, AsksForEachProgramOnceInEachSemesterOneSemesterAfterTheOther) {
  for (const bool random : {true, false}) {
    RequestMaker maker{uneven_catalog(), {.semesters = {"2025-10", "2026-01"}, .random = random}};
    ASSERT_EQ(maker.size(), 2u * (2 + 1 + 1));
    std::map<std::string, std::multiset<Asked>> asked;
    std::vector<std::string> semesters;
    for (std::uint64_t number = 0; number < maker.size(); ++number) {
      const auto& request = maker.request(number);
      semesters.push_back(request.semester);
      EXPECT_EQ(maker.program_count(number), request.programs.size());
      for (const auto& program : request.programs) asked[request.semester].emplace(request.faculty_name, program.name);
    }
    EXPECT_TRUE(std::is_sorted(semesters.begin(), semesters.end()));
    EXPECT_EQ(asked["2025-10"], asked["2026-01"]);
    const std::set<Asked> distinct{asked["2025-10"].begin(), asked["2025-10"].end()};
    EXPECT_EQ(distinct.size(), uneven_catalog().program_count());
    EXPECT_EQ(asked["2025-10"].size(), distinct.size());
  }
}

TEST(RequestMaker, ARequestIsOfOneFacultyAndHasAtMostSoManyProgramsOfIt) {
  const auto catalog = LoadCatalog::made(10, 23);
  for (const std::size_t most : {1u, 5u, 23u, 1'000u}) {
    RequestMaker maker{catalog, {.semesters = {"s"}, .programs_per_request = most}};
    EXPECT_EQ(maker.size(), 10 * ((23 + most - 1) / most));
    for (std::uint64_t number = 0; number < maker.size(); ++number) {
      const auto& programs = maker.request(number).programs;
      EXPECT_TRUE(!programs.empty() && programs.size() <= most);
      std::set<std::string> names;
      for (const auto& program : programs) names.insert(program.name);
      EXPECT_EQ(names.size(), programs.size());
    }
  }
}

TEST(RequestMaker, WhatItEncodesIsWhatAServerReads) {
  RequestMaker maker{uneven_catalog(), {.semesters = {"2025-10"}, .want = {7, 2}}};
  for (std::uint64_t number = 0; number < maker.size(); ++number) {
    const auto body = maker.encode(number);
    const auto decoded = decode_allocation_request(body);
    ASSERT_TRUE(std::holds_alternative<AllocationRequest>(decoded)) << body;
    const auto& request = std::get<AllocationRequest>(decoded);
    EXPECT_EQ(request, maker.request(number));
    EXPECT_EQ(number_of_request_id(request.request_id.value_or("")), number);
    for (const auto& program : request.programs) {
      EXPECT_EQ(program.want, (Want{7, 2}));
      EXPECT_EQ(program.correlation_id.size(), 36u);
    }
  }
}

TEST(RequestMaker, ItsRequestsDependOnTheSeedAndOnNothingElse) {
  const auto catalog = LoadCatalog::made(10, 50);
  const auto made = [&](bool random, std::uint64_t seed) {
    RequestMaker maker{catalog, {.semesters = {"s"}, .random = random, .seed = seed}};
    return all_of(maker);
  };
  EXPECT_EQ(made(true, 1), made(true, 1));
  EXPECT_NE(made(true, 1), made(true, 2));
  EXPECT_NE(made(true, 1), made(false, 1));
}

TEST(RequestMaker, TheSequentialOrderIsThatOfTheCatalogue) {
  const auto catalog = LoadCatalog::made(2, 4);
  RequestMaker maker{catalog, {.semesters = {"s"}, .programs_per_request = 2, .random = false}};
  std::vector<Asked> asked;
  for (std::uint64_t number = 0; number < maker.size(); ++number) {
    const auto& request = maker.request(number);
    for (const auto& program : request.programs) asked.emplace_back(request.faculty_name, program.name);
  }
  EXPECT_EQ(asked.size(), 8u);
  EXPECT_TRUE(std::is_sorted(asked.begin(), asked.end()));
}

TEST(RequestMaker, ItsProgramIdsAreAllDifferent) {
  const auto catalog = LoadCatalog::made(10, 500);
  RequestMaker maker{catalog, {.semesters = {"s"}}};
  std::set<std::string> ids;
  for (std::uint64_t number = 0; number < maker.size(); ++number) {
    for (const auto& program : maker.request(number).programs) ids.insert(program.correlation_id);
  }
  EXPECT_EQ(ids.size(), catalog.program_count());
}

TEST(RequestId, HasThirtySixCharactersAndGivesItsNumberBack) {
  for (const std::uint64_t number : {0ULL, 1ULL, 4'294'967'296ULL, 999'999'999'999ULL}) {
    EXPECT_EQ(request_id(number).size(), 36u);
    EXPECT_EQ(number_of_request_id(request_id(number)), number);
  }
}

TEST(RequestId, OfSomebodyElseHasNoNumber) {
  const auto ours = request_id(7);
  for (const auto& text : {std::string{}, std::string{"7"}, ours + "0", ours.substr(1), "e" + ours.substr(1),
                           ours.substr(0, 35) + "x", ours.substr(0, 24) + "-00000000007"}) {
    EXPECT_EQ(number_of_request_id(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace dti::bench
