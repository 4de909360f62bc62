#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dti/cli/settings.hpp"

namespace dti::testing_support {

using Args = std::vector<std::string>;
using Texts = std::map<std::string, std::string>;

/// An environment and a file system in memory.
inline Surroundings fake_surroundings(Texts variables = {}, Texts files = {}) {
  const auto read_file = [files](const std::string& path) {
    const auto found = files.find(path);
    if (found == files.end()) throw std::runtime_error{"No such file or directory"};
    return found->second;
  };
  return {[variables](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional{found->second};
          },
          read_file, [read_file](const std::string& path, FileGuard) { return read_file(path); }};
}

}  // namespace dti::testing_support
