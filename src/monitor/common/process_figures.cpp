#include "monitor/common/process_figures.hpp"

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <system_error>

namespace dti {
namespace {

constexpr std::chrono::seconds kInterval{1};

double seconds_of(const timeval& time) {
  constexpr double kMicroseconds = 1'000'000;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kMicroseconds;
}

std::uint64_t count_descriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator entries{"/proc/self/fd", error};
  while (!error && entries != std::filesystem::directory_iterator{}) {
    ++count;
    entries.increment(error);
  }
  return count > 0 ? count - 1 : 0;  // one of them reads the folder
}

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    figures.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.descriptors_max = limit.rlim_cur;
  figures.descriptors_open = count_descriptors();
  return figures;
}

}  // namespace

const ProcessFigures& ProcessWatch::newest(SteadyTime now) {
  if (!read_at_ || now - *read_at_ >= kInterval) {
    figures_ = read_process_figures();
    read_at_ = now;
  }
  return figures_;
}

}  // namespace dti
