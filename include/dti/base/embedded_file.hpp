#pragma once

#include <string_view>

namespace dti::embedded {

/// A file that is part of the program: see cmake/embed.cmake.
struct File {
  std::string_view name;
  std::string_view text;
};

}  // namespace dti::embedded
