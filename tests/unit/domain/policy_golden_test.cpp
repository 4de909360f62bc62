// Rounds whose results are known from elsewhere: textbooks, and the tests of other schedulers. Where a source has
// fractions, its rooms are multiplied so that they are whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "domain/policies/drf.hpp"
#include "dti/domain/policies/policies.hpp"
#include "unit/domain/rounds.hpp"

namespace dti {
namespace {

using Quantities = std::vector<Quantity>;

struct Golden {
  int number;
  std::string source;
  Policy policy;
  Pool pool;
  std::vector<Want> wants;
  Quantities rooms;  // of each program
  Quantities weights = {};
  Quantities floors = {};
};

Pool classrooms(Quantity count) { return {.classrooms = count, .labs = 0, .conversions_left = 0}; }

/// Asks for classrooms only.
std::vector<Want> ask(const Quantities& counts) {
  std::vector<Want> wants;
  for (const auto count : counts) wants.push_back({.classrooms = count, .labs = 0});
  return wants;
}

constexpr Quantity kNoLimit = kQuantityMax;
const Pool kSmall{.classrooms = 20, .labs = 6, .conversions_left = 20};
const std::vector<Want> kFour = {{10, 4}, {6, 4}, {2, 4}, {12, 0}};

std::vector<Golden> all_golden() {
  std::vector<Golden> rows = {
      {1, "Keshav 1997, times 10", Policy::kMaxMin, classrooms(100), ask({20, 26, 40, 50}), {20, 26, 27, 27}},
      {2,
       "Keshav 1997; weights times 2",
       Policy::kWeighted,
       classrooms(16),
       ask({4, 2, 10, 4}),
       {4, 2, 6, 4},
       {5, 8, 1, 2}},
      {3, "doorman, FAIR_SHARE", Policy::kMaxMin, classrooms(120), ask({1000, 50, 10}), {60, 50, 10}},
      {5,
       "doorman, STATIC 120, as limits of the asks",
       Policy::kMaxMin,
       classrooms(290),
       ask({50, 120, 120}),
       {50, 120, 120}},
      {6, "doorman, algorithm_test.go", Policy::kMaxMin, classrooms(120), ask({1000, 60, 10}), {55, 55, 10}},
      {7,
       "doorman, clients as weights",
       Policy::kWeighted,
       classrooms(120),
       ask({1000, 500, 200}),
       {60, 40, 20},
       {6, 4, 2}},
      {8,
       "doorman, clients as weights",
       Policy::kWeighted,
       classrooms(1000),
       ask({2000, 500, 700}),
       {200, 200, 600},
       {10, 10, 30}},
      {9, "hadoop, testLowMaxShares", Policy::kMaxMin, classrooms(40), ask({100, 50, 11, 3}), {13, 13, 11, 3}},
      {10,
       "hadoop, testWeightedSharing",
       Policy::kWeighted,
       classrooms(45),
       ask({kNoLimit, kNoLimit, kNoLimit, kNoLimit}),
       {20, 10, 10, 5},
       {4, 2, 2, 1}},
      {11,
       "hadoop, testWeightedSharingWithMaxShares",
       Policy::kWeighted,
       classrooms(45),
       ask({10, 11, 30, 20}),
       {10, 11, 16, 8},
       {4, 2, 2, 1}},
      {12,
       "hadoop, testMinShares",
       Policy::kFloors,
       classrooms(40),
       ask({kNoLimit, kNoLimit, kNoLimit, kNoLimit}),
       {20, 18, 0, 2},
       {1, 1, 1, 1},
       {20, 18, 0, 2}},
      {13,
       "hadoop, testWeightedSharingWithMinShares",
       Policy::kFloors,
       classrooms(45),
       ask({kNoLimit, kNoLimit, kNoLimit, kNoLimit}),
       {20, 5, 5, 15},
       {4, 2, 2, 1},
       {20, 0, 5, 15}},
      {14, "Ghodsi 2011: 3 and 2 bundles", Policy::kDrf, {9, 18, 0}, {{100, 400}, {300, 100}}, {15, 8}},
      {15,
       "asset fairness gives 15 and 20 bundles, less than half to the first; DRF 18 and 17",
       Policy::kDrf,
       {70, 70, 0},
       {{200, 200}, {100, 200}},
       {4 * 18, 3 * 17}},
      {18, "contested claims, times 3", Policy::kMaxMin, classrooms(300), ask({300, 600, 900}), {100, 100, 100}},
      {18, "contested claims, times 3", Policy::kMaxMin, classrooms(600), ask({300, 600, 900}), {200, 200, 200}},
      {18, "contested claims, times 3", Policy::kMaxMin, classrooms(900), ask({300, 600, 900}), {300, 300, 300}},
      {18,
       "contested claims, times 6",
       Policy::kProportional,
       classrooms(600),
       ask({600, 1200, 1800}),
       {100, 200, 300}},
      {18, "contested claims, whole rooms", Policy::kMaxMin, classrooms(100), ask({100, 200, 300}), {34, 33, 33}},
      {18, "contested claims, whole rooms", Policy::kProportional, classrooms(100), ask({100, 200, 300}), {17, 33, 50}},
      {19, "49 seats", Policy::kProportional, classrooms(49), ask({300, 700, 9000}), {2, 3, 44}},
      {19, "51 seats: the Alabama paradox", Policy::kProportional, classrooms(51), ask({300, 700, 9000}), {1, 4, 46}},
      {19,
       "49 labs and mobile labs, and classrooms of no use",
       Policy::kProportional,
       {100, 40, 9},
       {{0, 300}, {0, 700}, {0, 9000}},
       {2, 3, 44}},
      {21, "by hand", Policy::kMaxMin, kSmall, kFour, {7, 7, 6, 6}},
      {22, "by hand", Policy::kFirstCome, kSmall, kFour, {14, 10, 2, 0}},
      {23, "by hand", Policy::kProportional, kSmall, kFour, {9, 6, 4, 7}},
      {24, "by hand: the limit on conversions", Policy::kMaxMin, {20, 2, 3}, {{0, 10}, {10, 0}}, {5, 10}},
  };
  Golden college{25, "by hand", Policy::kMaxMin, {380, 60, 380}, std::vector<Want>(50, {10, 4}), Quantities(40, 9)};
  college.rooms.resize(50, 8);
  rows.push_back(college);
  return rows;
}

TEST(GoldenRounds, GiveTheRoomsOfTheirSources) {
  for (const auto& row : all_golden()) {
    SCOPED_TRACE(std::to_string(row.number) + ", " + row.source);
    auto asks = asks_of(row.wants);
    for (std::size_t i = 0; i < row.weights.size(); ++i) asks[i].weight = row.weights[i];
    for (std::size_t i = 0; i < row.floors.size(); ++i) asks[i].floor = row.floors[i];
    EXPECT_EQ(rooms_of(share(row.policy, row.pool, asks)), row.rooms);
  }
}

// 21, with the kinds of rooms.
TEST(GoldenRounds, SpreadLabsAndMobileLabsEvenly) {
  const auto awards = max_min(kSmall, asks_of(kFour));
  const Grant expected[] = {{3, 2, 2}, {3, 2, 2}, {2, 2, 2}, {6, 0, 0}};
  for (std::size_t i = 0; i < awards.size(); ++i) EXPECT_EQ(awards[i].grant, expected[i]) << i;
}

// 4: doorman first shares 120 equally, and then the rest in proportion to what is missing: 69.7, 40.3 and 10. No policy
// here does this, because the second step rewards large asks. The Talmud's rule of 18 is no policy either, nor is the
// factor of 20, which depends on earlier use.
TEST(GoldenRounds, NoPolicyRewardsLargeAsksAsAProportionalTopUpDoes) {
  const auto asks = asks_of(ask({1000, 50, 10}));
  EXPECT_EQ(rooms_of(max_min(classrooms(120), asks)), (Quantities{60, 50, 10}));
  EXPECT_EQ(rooms_of(proportional(classrooms(120), asks)), (Quantities{113, 6, 1}));
}

// 16 and 17: the order in which mesos serves its clients, by their shares and weights.
TEST(GoldenRounds, TheSmallestDominantShareIsServedFirst) {
  struct Client {
    char name;
    DominantShare share;
  };
  const auto order = [](auto clients) {
    std::sort(clients.begin(), clients.end(), [](const Client& a, const Client& b) { return a.share < b.share; });
    std::string names;
    for (const auto& client : clients) names += client.name;
    return names;
  };
  EXPECT_EQ(order(std::array<Client, 4>{{{'a', {5, 100}}, {'b', {6, 100}}, {'c', {1, 100}}, {'d', {3, 100}}}}), "cdab");
  EXPECT_EQ(order(std::array<Client, 4>{
                {{'a', {5, 100 * 1}}, {'b', {6, 100 * 2}}, {'c', {4, 100 * 1}}, {'d', {20, 100 * 10}}}}),
            "dbca");
}

}  // namespace
}  // namespace dti
