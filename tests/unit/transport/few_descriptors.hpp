#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace dti {

/// GCC's undefined-behaviour sanitizer reads an exception through a pipe, and takes it for a broken one without.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kCanLackDescriptors = false;
#else
inline constexpr bool kCanLackDescriptors = true;
#endif
inline constexpr const char* kNeedsDescriptors = "the undefined-behaviour sanitizer needs descriptors of its own";

/// While it exists, this process can open the given number of additional descriptors.
class FewDescriptors {
 public:
  explicit FewDescriptors(int left) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit limit = before_;
    limit.rlim_cur = 0;
    for (int number = 0; left > 0 || is_open(number); ++number) {
      if (!is_open(number)) --left;
      limit.rlim_cur = static_cast<rlim_t>(number) + 1;
    }
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  static bool is_open(int number) { return fcntl(number, F_GETFD) >= 0; }

  rlimit before_{};
};

}  // namespace dti
