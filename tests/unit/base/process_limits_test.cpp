#include "dti/base/process_limits.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "unit/transport/few_descriptors.hpp"

namespace dti {
namespace {

TEST(ProcessLimits, SixteenFilesAreEnoughAndFewerAreAnErrorThatNamesTheLimit) {
  if (!kCanLackDescriptors) GTEST_SKIP() << kNeedsDescriptors;
  for (const int left : {16, 15, 0}) {
    const FewDescriptors few{left};
    std::string fault;
    try {
      require_threads_and_files();
    } catch (const std::runtime_error& error) {
      fault = error.what();
    }
    EXPECT_EQ(fault, left == 16 ? ""
                                : "cannot open the 16 files that this process needs (Too many open files): raise the"
                                  " limit of open files (ulimit -n, LimitNOFILE= of systemd)")
        << left;
  }
}

TEST(ProcessLimits, WhatAPartNeedsIsCheckedToo) {
  if (!kCanLackDescriptors) GTEST_SKIP() << kNeedsDescriptors;
  const FewDescriptors few{20};
  EXPECT_NO_THROW(require_threads_and_files({.threads = 1, .files = 4}));
  EXPECT_THROW(require_threads_and_files({.threads = 1, .files = 5}), std::runtime_error);
}

TEST(ProcessLimits, TheFilesOfTheCheckAreClosedAlsoIfItFails) {
  if (!kCanLackDescriptors) GTEST_SKIP() << kNeedsDescriptors;
  const FewDescriptors few{16};
  EXPECT_NO_THROW(require_threads_and_files());
  EXPECT_NO_THROW(require_threads_and_files());
  {
    const FewDescriptors fewer{15};
    EXPECT_THROW(require_threads_and_files(), std::runtime_error);
  }
  EXPECT_NO_THROW(require_threads_and_files());
}

}  // namespace
}  // namespace dti
