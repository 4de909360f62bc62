#include "transport/resources/resources.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstring>

#include "dti/base/descriptor_limit.hpp"
#include "dti/base/memory_gauge.hpp"

namespace dti {
namespace {

/// Puts the limit of descriptors back.
class Descriptors : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0); }
  void TearDown() override { setrlimit(RLIMIT_NOFILE, &before_); }
  static void set_soft_limit(rlim_t soft) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }

  rlimit before_{};
};

TEST_F(Descriptors, AreExhaustedAtTheLimitOnly) {
  EXPECT_FALSE(descriptors_are_exhausted());
  set_soft_limit(3);
  EXPECT_TRUE(descriptors_are_exhausted());
}

TEST_F(Descriptors, LimitIsRaisedAsFarAsItMayBe) {
  set_soft_limit(64);
  raise_descriptor_limit();
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_max, before_.rlim_max);
  EXPECT_TRUE(limit.rlim_cur == limit.rlim_max || limit.rlim_cur == 1U << 20U) << limit.rlim_cur;
}

TEST_F(Descriptors, AreNotNeededToReadTheMemoryInUse) {
  const MemoryGauge gauge;
  set_soft_limit(3);
  EXPECT_GT(gauge.bytes(), 0U);
}

TEST(MemoryGaugeTest, SeesWhatIsInUseComeAndGo) {
  constexpr std::size_t kBytes = std::size_t{64} * 1024 * 1024;
  const MemoryGauge gauge;
  const auto before = gauge.bytes();
  auto* const pages = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  EXPECT_LT(gauge.bytes(), before + kBytes / 2) << "what was not touched is not in use";
  std::memset(pages, 1, kBytes);
  EXPECT_GT(gauge.bytes(), before + kBytes / 2);
  ASSERT_EQ(munmap(pages, kBytes), 0);
  EXPECT_LT(gauge.bytes(), before + kBytes / 2);
}

}  // namespace
}  // namespace dti
