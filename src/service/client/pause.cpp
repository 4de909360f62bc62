#include "dti/service/client/pause.hpp"

#include <algorithm>

namespace dti {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestFirst{100};
constexpr milliseconds kLongestMax{1'000};

}  // namespace

milliseconds pause_after(int failures, std::uint64_t random) {
  auto longest = kLongestFirst;
  for (int i = 1; i < failures && longest < kLongestMax; ++i) longest *= 2;
  const auto half = std::min(longest, kLongestMax) / 2;
  return half + milliseconds(random % (static_cast<std::uint64_t>(half.count()) + 1));
}

}  // namespace dti
