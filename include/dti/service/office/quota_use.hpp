#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "dti/domain/quotas.hpp"
#include "dti/service/office/semester_view.hpp"
#include "dti/service/office/store_names.hpp"

namespace dti {

/// The quota of a faculty in a semester, and what its programs make of it.
struct QuotaUse {
  FacultyId faculty = 0;
  Quota quota;
  CountedRooms held;
  std::int64_t blocked = 0;  // places in the wait list that a hard limit passes over

  friend bool operator==(const QuotaUse&, const QuotaUse&) = default;
};

/// The faculties that have a quota, in the order of their numbers. The view must know the faculties.
[[nodiscard]] std::vector<QuotaUse> quota_uses(const SemesterView& view);

/// The places in the wait list that a hard limit passes over.
[[nodiscard]] std::int64_t blocked_places(const std::vector<QuotaUse>& uses);

/// `Derecho 40 of 40 classrooms, 7 of 5 labs (soft), 2 places blocked`.
[[nodiscard]] std::string quota_use_text(const std::string& faculty, const QuotaUse& use);

/// The texts of all, separated by `; `; empty: there is none.
/// @param shown_max  how many texts there are; the rest is counted
[[nodiscard]] std::string quota_uses_text(const std::vector<QuotaUse>& uses, const StoreNames& names,
                                          std::size_t shown_max = std::numeric_limits<std::size_t>::max());

}  // namespace dti
