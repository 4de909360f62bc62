#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/domain/quota.hpp"

namespace dti {

/// The rooms that a quota counts: a mobile lab is a lab here.
struct CountedRooms {
  Quantity classrooms = 0;
  Quantity labs = 0;

  friend bool operator==(const CountedRooms&, const CountedRooms&) = default;
};

[[nodiscard]] constexpr CountedRooms counted(const Grant& grant) {
  return {grant.classrooms, grant.labs + grant.mobile_labs};
}

/// The most that one program may hold by the hard limits of its faculty.
struct Allowance {
  static constexpr Quantity kUnlimited = 4 * kCapacityMax;  // more than a faculty can hold

  Quantity classrooms = kUnlimited;
  Quantity labs = kUnlimited;  // with mobile labs

  friend bool operator==(const Allowance&, const Allowance&) = default;
};

/// The part of a want that the allowance admits. The allocation rule is applied to it, so that no classroom is converted
/// for a lab that the program may not have.
/// Source: docs/allocation.md, Quotas
[[nodiscard]] constexpr Want within(const Want& want, const Allowance& allowance) {
  return {std::min(want.classrooms, allowance.classrooms), std::min(want.labs, allowance.labs)};
}

/// Whether the hard limits of a faculty leave something for its programs.
struct QuotaRoom {
  bool classrooms = true;
  bool labs = true;

  friend bool operator==(const QuotaRoom&, const QuotaRoom&) = default;
};

/// Whether something of the allowance is left beside what the program holds.
[[nodiscard]] constexpr QuotaRoom room_beside(const Allowance& allowance, const Grant& held) {
  const auto rooms = counted(held);
  return {allowance.classrooms > rooms.classrooms, allowance.labs > rooms.labs};
}

/// Tells whether each limit is in the range that QuotaLimit promises, and none is soft without a number.
[[nodiscard]] constexpr bool is_in_range(const Quota& quota) {
  const auto is_good = [](const QuotaLimit& limit) {
    return limit.rooms == -1 ? !limit.is_soft : limit.rooms >= 0 && limit.rooms <= kCapacityMax;
  };
  return is_good(quota.classrooms) && is_good(quota.labs);
}

/// Tells whether the faculty holds more than the limit, hard or soft.
[[nodiscard]] constexpr bool is_above(const QuotaLimit& limit, Quantity held) {
  return limit.rooms >= 0 && held > limit.rooms;
}

/// Tells whether the faculty holds more than a hard limit of the quota. Then the quota cannot be set.
[[nodiscard]] constexpr bool breaks(const Quota& quota, const CountedRooms& held) {
  return (!quota.classrooms.is_soft && is_above(quota.classrooms, held.classrooms)) ||
         (!quota.labs.is_soft && is_above(quota.labs, held.labs));
}

/// The quotas of a semester, and what the programs of each faculty hold. Thread: one.
class Quotas {
 public:
  /// Replaces the whole quota of a faculty. @param at  the entry that does
  void set(FacultyId faculty, const Quota& quota, Seq at) {
    auto& share = share_of(faculty);
    share.quota = quota;
    share.set_at = at;
  }
  /// A program of the faculty gets these rooms.
  void add(FacultyId faculty, const Grant& grant) {
    auto& held = share_of(faculty).held;
    held.classrooms += grant.classrooms;
    held.labs += grant.labs + grant.mobile_labs;
  }
  /// The inverse of add().
  void remove(FacultyId faculty, const Grant& grant) {
    add(faculty, {-grant.classrooms, -grant.labs, -grant.mobile_labs});
  }

  [[nodiscard]] const Quota& quota(FacultyId faculty) const { return find(faculty).quota; }
  /// The last entry that has set the quota; 0: there is none.
  [[nodiscard]] Seq set_at(FacultyId faculty) const { return find(faculty).set_at; }
  [[nodiscard]] const CountedRooms& held(FacultyId faculty) const { return find(faculty).held; }
  /// The most that a program of the faculty may hold.
  /// @param held  what it holds, as far as add() has counted it
  [[nodiscard]] Allowance allowance(FacultyId faculty, const Grant& held = {}) const {
    const auto& share = find(faculty);
    const auto own = counted(held);
    return {most(share.quota.classrooms, share.held.classrooms, own.classrooms),
            most(share.quota.labs, share.held.labs, own.labs)};
  }
  [[nodiscard]] QuotaRoom room(FacultyId faculty) const { return room_beside(allowance(faculty), {}); }
  /// The highest faculty that has or had a quota, or rooms; 0: there is none.
  [[nodiscard]] FacultyId last() const { return shares_.empty() ? 0 : static_cast<FacultyId>(shares_.size() - 1); }

 private:
  struct Share {
    Quota quota;
    CountedRooms held;
    Seq set_at = 0;
  };

  static constexpr Quantity most(const QuotaLimit& limit, Quantity held, Quantity own) {
    if (limit.rooms < 0 || limit.is_soft) return Allowance::kUnlimited;
    return std::max<Quantity>(0, limit.rooms - held) + own;
  }
  Share& share_of(FacultyId faculty) {
    if (faculty >= shares_.size()) shares_.resize(std::size_t{faculty} + 1);
    return shares_[faculty];
  }
  [[nodiscard]] const Share& find(FacultyId faculty) const {
    static constexpr Share kNone{};
    return faculty < shares_.size() ? shares_[faculty] : kNone;
  }

  std::vector<Share> shares_;  // by FacultyId
};

}  // namespace dti
