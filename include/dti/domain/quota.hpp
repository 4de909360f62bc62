#pragma once

#include <cstdint>

namespace dti {

/// The most rooms of one kind that the programs of a faculty may have in a semester.
struct QuotaLimit {
  std::int32_t rooms = -1;  // 0 to kCapacityMax; -1: no limit
  bool is_soft = false;     // more is granted, and flagged; only with a limit

  friend bool operator==(const QuotaLimit&, const QuotaLimit&) = default;
};

/// The limits of a faculty in a semester. Without one, it has no quota.
struct Quota {
  QuotaLimit classrooms;
  QuotaLimit labs;  // a mobile lab counts as a lab

  friend bool operator==(const Quota&, const Quota&) = default;
};

}  // namespace dti
