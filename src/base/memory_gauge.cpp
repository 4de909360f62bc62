#include "dti/base/memory_gauge.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace dti {
namespace {

// The first numbers of /proc/self/statm, in pages: all, resident, and resident from files.
constexpr std::size_t kResident = 1;
constexpr std::size_t kOfFiles = 2;

}  // namespace

MemoryGauge::MemoryGauge() : descriptor_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

MemoryGauge::~MemoryGauge() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::size_t MemoryGauge::bytes() const {
  std::array<char, 256> text{};
  const auto size = pread(descriptor_, text.data(), text.size(), 0);
  if (size <= 0) return 0;
  const char* at = text.data();
  const char* const end = text.data() + size;
  std::array<std::size_t, 3> pages{};
  for (auto& number : pages) {
    while (at < end && *at == ' ') ++at;
    const auto parsed = std::from_chars(at, end, number);
    if (parsed.ec != std::errc{}) return 0;
    at = parsed.ptr;
  }
  static const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return pages[kResident] > pages[kOfFiles] ? (pages[kResident] - pages[kOfFiles]) * page_bytes : 0;
}

}  // namespace dti
