#pragma once

#include <string>

namespace dti {

/// A number with its noun: `1 entry`, `2 entries`.
template <class Number>
[[nodiscard]] std::string counted(Number number, const char* one, const char* several) {
  return std::to_string(number) + ' ' + (number == 1 ? one : several);
}

}  // namespace dti
