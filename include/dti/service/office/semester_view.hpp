#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/quotas.hpp"
#include "dti/domain/wait_list.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

/// A grant that stands: it was not released.
struct Holding {
  ProgramId program = 0;
  std::int64_t generation = 0;
  Seq seq = 0;          // of the entry that granted it
  std::int64_t at = 0;  // of that entry: microseconds since 1970, UTC
  Want want;
  Grant grant;
  Seq waits_since = 0;          // its place, if it is not whole; 0: the program has given its place up
  std::int64_t expires_at = 0;  // of a hold: its end, in microseconds since 1970, UTC; 0: the grant is firm

  friend bool operator==(const Holding&, const Holding&) = default;
};

/// The rooms that a grant lacks. Labs and mobile labs count together.
[[nodiscard]] constexpr Want lacking(const Holding& holding) {
  return {holding.want.classrooms - holding.grant.classrooms,
          holding.want.labs - holding.grant.labs - holding.grant.mobile_labs};
}

/// Tells whether a grant has a place in the wait list, if its semester has one.
[[nodiscard]] constexpr bool has_place(const Holding& holding) {
  return holding.waits_since > 0 && lacking(holding) != Want{};
}

/// The state of one semester after the entries of its ledger that it was given, in order: for each program the grant that
/// stands, the capacity and the rooms that are left. It does not replay the allocation rule; LedgerReplay does.
/// Memory grows with the programs that hold a grant, not with the ledger. Thread: one.
class SemesterView {
 public:
  /// The faculty of a program; 0: it is not known.
  using FacultyOf = std::function<FacultyId(ProgramId)>;
  /// @param faculty_of  for the quotas; without it, no program counts for one
  explicit SemesterView(FacultyOf faculty_of = {}) : faculty_of_(std::move(faculty_of)) {}

  /// Adds the next entry.
  /// @throws StorageError  kCorrupt: an entry is missing, contradicts the entries before it, or has an unknown kind. Do
  ///   not call this again then
  void add(const StoredEntry& entry);

  /// The grant of the program that stands; null if there is none. Valid until the next add().
  [[nodiscard]] const Holding* find(ProgramId program) const;
  /// All grants that stand, in the order in which they were granted.
  [[nodiscard]] std::vector<Holding> holdings() const;
  /// The grants of the programs that wait, in the order of their places. None if the semester has no wait list.
  [[nodiscard]] std::vector<Holding> waiting() const;
  [[nodiscard]] bool has_wait_list() const { return has_wait_list_; }
  /// The places of the programs that wait; none: the semester has no wait list.
  [[nodiscard]] std::optional<WaitList> wait_list() const;
  [[nodiscard]] std::size_t grants() const { return holdings_.size(); }
  /// The quotas of the faculties, and what each faculty holds.
  [[nodiscard]] const Quotas& quotas() const { return quotas_; }
  [[nodiscard]] FacultyId faculty_of(ProgramId program) const { return faculty_of_ ? faculty_of_(program) : 0; }

  /// How many grants are holds.
  [[nodiscard]] std::int64_t open_holds() const;
  /// How many rounds were held, and whether one is open: its opening was the last entry about rounds.
  [[nodiscard]] std::int64_t rounds() const { return rounds_; }
  [[nodiscard]] bool has_open_round() const { return has_open_round_; }

  [[nodiscard]] Seq head() const { return head_; }  // of the last entry; 0: there is none
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] const Capacity& capacity() const { return capacity_; }
  [[nodiscard]] const Pool& left() const { return left_; }
  [[nodiscard]] const Grant& granted() const { return granted_; }  // the sum of the grants that stand

 private:
  void grant(const StoredEntry& entry);
  void release(const StoredEntry& entry);
  void change_capacity(const LedgerRow& row);
  void leave_wait_list(const LedgerRow& row);
  void change_hold(const LedgerRow& row);
  void set_quota(const LedgerRow& row);
  [[nodiscard]] Seq place_of(const LedgerRow& row, const Holding& granted) const;

  FacultyOf faculty_of_;
  Seq head_ = 0;
  bool is_open_ = false;
  bool has_wait_list_ = false;
  Capacity capacity_;
  Pool left_;
  Grant granted_;
  Quotas quotas_;
  std::int64_t rounds_ = 0;
  bool has_open_round_ = false;
  std::unordered_map<ProgramId, Holding> holdings_;
  std::optional<Holding> replaced_;  // that the last entry has released to amend it or to top it up
};

}  // namespace dti
