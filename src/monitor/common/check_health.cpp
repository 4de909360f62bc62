#include "dti/monitor/common/check_health.hpp"

#include <chrono>
#include <exception>
#include <iostream>

#include "dti/http/http_probe.hpp"

namespace dti {
namespace {

// Docker's and Kubernetes' checks usually wait longer, so that they see this reason and not their own limit.
constexpr std::chrono::milliseconds kTime{2'000};

}  // namespace

int check_health(const std::string& address, std::uint16_t port) {
  const auto place = "/livez of " + address + ":" + std::to_string(port);
  try {
    const int status = http_status_of(address, port, "/livez", kTime);
    if (status == 200) {
      std::cout << "healthy: " << place << " answers 200" << std::endl;
      return std::cout ? 0 : 1;
    }
    std::cerr << "unhealthy: " << place << " answers " << status << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "unhealthy: " << place << ": " << error.what() << std::endl;
  }
  return 1;
}

}  // namespace dti
