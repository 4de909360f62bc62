#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace dti {

/// The bytes of a file below tests/golden.
/// @throws std::runtime_error  there is no such file
inline std::string golden(const std::string& path) {
  std::ifstream file{std::string{DTI_GOLDEN_DIR "/"} + path, std::ios::binary};
  if (!file) throw std::runtime_error{"no golden file " + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace dti
