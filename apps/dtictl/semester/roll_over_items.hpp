#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dti/domain/pool.hpp"
#include "dti/protocol/office_codec.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

// A roll-over makes a new semester after an older one. It copies items, such as the rooms, one by one. An item that the
// new semester has already is done: so a roll-over that stopped half way continues.

/// A semester as far as a roll-over copies or compares it.
struct RollOverSemester {
  std::string name;
  Capacity capacity = {};
  bool is_open = false;
  Seq open_changed_at = 0;                 // the last entry that opened, closed or reopened it
  std::optional<bool> has_wait_list = {};  // none: no entry turned a wait list on or off
  std::map<FacultyId, Quota> quotas = {};  // of the faculties whose quota was ever set

  friend bool operator==(const RollOverSemester&, const RollOverSemester&) = default;
};

/// Lets `semester` follow the next entry of its ledger.
void follow(RollOverSemester& semester, const LedgerRow& row);

/// What the new semester has, if it is not as in the older one.
struct RollOverChoice {
  std::string to;  // the name of the new semester
  std::optional<Quantity> classrooms = {};
  std::optional<Quantity> labs = {};
  std::optional<Quantity> mobile_labs = {};
  std::optional<bool> has_wait_list = {};
};

/// One item of a roll-over.
struct RollOverItem {
  enum class State { kMissing, kThere, kDiffers };

  std::string wanted;  // a clause for people: `the wait list is on, as in 2025-10`
  State state = State::kMissing;
  std::string there = {};      // kDiffers: what the new semester has, as a clause
  OfficeMessage message = {};  // kMissing: makes the item. It has no id, actor and note yet
};

/// The items of a roll-over, in the order in which they are made. The first one opens the semester.
/// @param to  the new semester; none: the store does not have it
/// @param faculty_name  of a faculty that has a quota
/// @return none is missing: the roll-over is done already
[[nodiscard]] std::vector<RollOverItem> roll_over_items(const RollOverSemester& from,
                                                        const std::optional<RollOverSemester>& to,
                                                        const RollOverChoice& choice,
                                                        const std::function<std::string(FacultyId)>& faculty_name);

/// An item as a line for people: `+ the wait list is on, as in 2025-10`.
[[nodiscard]] std::string text_of(const RollOverItem& item);

}  // namespace dti
