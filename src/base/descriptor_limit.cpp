#include "dti/base/descriptor_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace dti {
namespace {

constexpr rlim_t kDescriptorsMax = 1U << 20U;  // if there is no hard limit; it is the kernel's default nr_open

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto wanted = std::min(limit.rlim_max, kDescriptorsMax);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace dti
