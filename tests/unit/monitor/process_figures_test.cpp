#include "monitor/common/process_figures.hpp"

#include <fcntl.h>

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "dti/base/descriptor.hpp"

namespace dti {
namespace {

using namespace std::chrono_literals;

TEST(ProcessWatchTest, CountsTheDescriptorsAtMostOnceASecond) {
  const SteadyTime start{1h};
  ProcessWatch watch;
  const auto before = watch.newest(start).descriptors_open;
  std::vector<Descriptor> more;
  for (int i = 0; i < 5; ++i) more.emplace_back(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(watch.newest(start + 999ms).descriptors_open, before);
  EXPECT_EQ(watch.newest(start + 1s).descriptors_open, before + 5);
  EXPECT_GE(watch.newest(start + 1s).descriptors_max, before + 5);
}

}  // namespace
}  // namespace dti
