#include "dti/repository/common/holder.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <random>

namespace dti {
namespace {

std::string holder_text() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) {
    host = {'?'};
  }
  std::random_device random;
  std::array<char, 17> id{};
  std::snprintf(id.data(), id.size(), "%08x%08x", static_cast<unsigned>(random()), static_cast<unsigned>(random()));
  return std::string{host.data()} + ":" + std::to_string(::getpid()) + ":" + id.data();
}

}  // namespace

Holder::Holder() : text_(holder_text()) {}

}  // namespace dti
