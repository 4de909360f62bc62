#pragma once

#include <string>

#include "dti/domain/allocate.hpp"
#include "dti/domain/pool.hpp"

namespace dti {

[[nodiscard]] inline std::string text_of(const Want& want) {
  return std::to_string(want.classrooms) + " classrooms and " + std::to_string(want.labs) + " labs";
}

[[nodiscard]] inline std::string text_of(const Grant& grant) {
  return std::to_string(grant.classrooms) + " classrooms, " + std::to_string(grant.labs) + " labs and " +
         std::to_string(grant.mobile_labs) + " mobile labs";
}

[[nodiscard]] inline std::string text_of(const Pool& pool) {
  return std::to_string(pool.classrooms) + " classrooms, " + std::to_string(pool.labs) + " labs and " +
         std::to_string(pool.conversions_left) + " conversions";
}

[[nodiscard]] inline std::string text_of(const Capacity& capacity) { return text_of(full_pool(capacity)); }

}  // namespace dti
