#pragma once

#include <string_view>

namespace dti::embedded {

/// A file whose text is compiled into the program: see cmake/embed.cmake.
struct File {
  std::string_view name;
  std::string_view text;
};

}  // namespace dti::embedded
