#pragma once

#include <string>

#include "dti/domain/allocate.hpp"
#include "dti/domain/pool.hpp"
#include "dti/domain/quotas.hpp"

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

[[nodiscard]] inline std::string text_of(const CountedRooms& rooms) {
  return std::to_string(rooms.classrooms) + " classrooms and " + std::to_string(rooms.labs) + " labs with mobile labs";
}

/// `at most 40 classrooms and at most 5 labs (soft)`, or `no quota`.
[[nodiscard]] inline std::string text_of(const Quota& quota) {
  const auto part = [](const QuotaLimit& limit, const char* kind) {
    if (limit.rooms < 0) return std::string{};
    return "at most " + std::to_string(limit.rooms) + kind + (limit.is_soft ? " (soft)" : "");
  };
  const auto classrooms = part(quota.classrooms, " classrooms");
  const auto labs = part(quota.labs, " labs");
  if (classrooms.empty() && labs.empty()) return "no quota";
  return classrooms + (classrooms.empty() || labs.empty() ? "" : " and ") + labs;
}

}  // namespace dti
