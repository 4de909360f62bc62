#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/domain/messages.hpp"
#include "dti/domain/quotas.hpp"
#include "dti/domain/wait_list.hpp"
#include "dti/service/ledger/ledger_replay.hpp"

namespace dti {

/// The detail for a retired program that asks for rooms and holds none.
inline constexpr const char* kRetired = "the program is retired: it gets no new rooms";

/// What the reply to a program tells about the quota of its faculty, as a sentence: a hard limit is the reason why it got
/// no more, or a soft one is exceeded. None if there is nothing to tell.
/// @param grant  what the program holds, which `quotas` has counted
[[nodiscard]] std::optional<std::string> quota_detail(const Quotas& quotas, FacultyId faculty, const std::string& name,
                                                      const Want& want, const Grant& grant);

/// The decision of the allocator for one request.
struct Decision {
  std::optional<SemesterId> semester_id;  // none: the rejection depends on no semester
  FacultyId faculty_id = 0;               // 0: not known
  Outcome outcome;
  std::size_t entry_count = 0;  // how many entries it appended
};

/// All state in RAM, and the decisions on it: deterministic, without threads, clocks or I/O.
/// Holds the committed entries and, on top of them, the decided ones, which undo() takes back, newest first.
class Allocator {
 public:
  /// Adds programs that were read from the store. @return false if they do not continue the catalogue
  [[nodiscard]] bool add_programs(const std::vector<CatalogProgram>& programs) { return catalog_.add(programs); }
  /// Renames and retires programs, as the store has it. @return false if that contradicts the catalogue
  [[nodiscard]] bool change_programs(const std::vector<ProgramChange>& changes) { return catalog_.apply(changes); }
  [[nodiscard]] const Catalog& catalog() const { return catalog_; }

  /// Replays the next row of a semester's ledger; a semester that is new here starts with `semester-opened`.
  /// @return the difference from the allocation rule, if there is one
  [[nodiscard]] std::optional<StoreDifference> replay(SemesterId semester, const LedgerRow& row);

  /// Deletes the state of a semester, so that its ledger can be replayed from the first entry.
  void forget(SemesterId semester);

  /// Serves these semesters, and no others, by their names. Each must have been replayed.
  /// @return the first difference between the replayed state and the stored one; none if they are equal
  [[nodiscard]] std::optional<std::string> serve(const std::vector<StoredSemester>& semesters);

  /// Serves one more semester, which the store has opened just now: replays its first entry.
  /// @return the reason why it cannot be served; none if it is
  [[nodiscard]] std::optional<std::string> open(SemesterId semester, const std::string& name, const Capacity& capacity);

  /// Decides a request on the state as decided so far and changes that state; new grants are appended to `entries`.
  [[nodiscard]] Decision decide(const AllocationRequest& request, std::vector<LedgerEntry>& entries);

  /// Tells whether a request is not for decide(): it wants holds, or one of its programs has one. See decide_held().
  [[nodiscard]] bool concerns_holds(const AllocationRequest& request) const;

  /// The semester with that name; none if it is not open.
  [[nodiscard]] std::optional<SemesterId> find_semester(std::string_view name) const;

  /// What the program holds, and how often it was granted something.
  struct ProgramState {
    std::optional<HeldGrant> held;  // none: nothing
    std::int32_t generation = 0;    // of the newest grant, which it holds or has released; 0: it never had one
    Seq waits_since = 0;            // its place if the grant is not whole; 0: it has given its place up
    std::int64_t expires_at = 0;    // of a hold: its end, in microseconds since 1970, UTC; 0: the grant is firm
  };
  /// @param semester  replayed
  [[nodiscard]] ProgramState program(SemesterId semester, ProgramId program) const;

  /// Tells whether the request with that id got a grant of the program that was released since.
  [[nodiscard]] bool is_spent(SemesterId semester, ProgramId program, const std::string& request_id) const;

  /// The holds of the semester that are neither confirmed nor released; none if it is not known.
  [[nodiscard]] const OpenHolds& holds(SemesterId semester) const;
  /// The open semesters with holds, and the end of the first hold of each, in the order of these ends.
  [[nodiscard]] const std::set<std::pair<std::int64_t, SemesterId>>& expiries() const { return expiries_; }
  /// The holds of all open semesters.
  [[nodiscard]] std::size_t hold_count() const;

  /// The result of the semester's entries, including decided ones; empty if the semester is not known.
  [[nodiscard]] LedgerTotals totals(SemesterId semester) const;

  /// Serves a semester again: its ledger, which is replayed, has reopened it.
  void reopen(const std::string& name, SemesterId semester) { open_.emplace(name, semester); }
  /// Serves the semester no longer: its ledger has closed it.
  void close(const std::string& name) { open_.erase(name); }

  /// The quotas of the semester, and what each faculty holds. @param semester  replayed
  [[nodiscard]] const Quotas& quotas(SemesterId semester) const;
  /// The wait list of the semester; null if it has none.
  [[nodiscard]] const WaitList* wait_list(SemesterId semester) const;
  /// The programs that wait, or would wait if the wait list were turned on. It looks at every grant.
  [[nodiscard]] WaitListSize wait_list_size(SemesterId semester) const;
  /// The open semesters in which a program that waits can use something of what is left. Only replay() adds to them:
  /// no such program can use the rooms that a request gets.
  [[nodiscard]] const std::set<SemesterId>& unsettled() const { return unsettled_; }
  /// The next top-ups of the semester, which are not made: see settle().
  [[nodiscard]] std::vector<TopUp> top_ups(SemesterId semester, std::size_t count_max);

  /// Takes back the newest decided entry of the semester, which must be `entry`: a grant that a request asked for.
  void undo(SemesterId semester, const LedgerEntry& entry);

  /// The seq of the semester's last entry, including decided entries; 0 if the semester is not known.
  [[nodiscard]] Seq head(SemesterId semester) const;

  /// The rooms that are left of a semester, after all decided entries.
  [[nodiscard]] Pool left(SemesterId semester) const;

  /// The semester's rooms; all 0 if the semester is not known.
  [[nodiscard]] Capacity capacity(SemesterId semester) const;

  /// Every semester that was replayed, with its head. A take-over need not read these entries again.
  [[nodiscard]] std::unordered_map<SemesterId, Seq> heads() const;

 private:
  // The grant of a program. It is small, because their number is programs times semesters. Quantities fit: capacities
  // are at most 10^9 (kCapacityMax) and wants at most 10^6.
  struct Holding {
    std::int32_t classrooms_wanted = -1;  // -1: holds nothing
    std::int32_t labs_wanted = 0;
    std::int32_t classrooms = 0;
    std::int32_t labs = 0;
    std::int32_t mobile_labs = 0;
    // The seq of the grant whose place it keeps, in two halves: with a number of 8 bytes, a holding would have 32.
    std::uint32_t since_high = 0;
    std::uint32_t since_low = 0;

    [[nodiscard]] Seq waits_since() const { return (Seq{since_high} << 32) | Seq{since_low}; }
    void set_waits_since(Seq seq) {
      since_high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(seq) >> 32);
      since_low = static_cast<std::uint32_t>(seq);
    }
    [[nodiscard]] HeldGrant held() const { return {{classrooms_wanted, labs_wanted}, {classrooms, labs, mobile_labs}}; }
  };
  static_assert(sizeof(Holding) == 28);
  // In pages, so that a grant never moves other holdings, and a program without a request costs little.
  struct HoldingPage {
    static constexpr std::size_t kPrograms = 1'024;
    std::array<Holding, kPrograms> holdings;
  };
  // The grants that a program has released. Few programs have any.
  struct Released {
    std::int32_t generation = 0;                // of the newest one
    std::unordered_set<std::int64_t> requests;  // id_hash() of the ids of their requests: they grant nothing again
  };
  struct Semester {
    LedgerTotals totals;                              // decided entries included
    std::vector<std::unique_ptr<HoldingPage>> pages;  // by (ProgramId - 1) / kPrograms; null: no grant there
    std::unordered_map<ProgramId, Released> released;
    Quotas quotas;
    std::optional<WaitList> waiting;       // none: the semester has no wait list
    std::optional<RoundInProgress> round;  // if grants of a round are missing
    OpenHolds holds;
    std::int64_t first_expiry = 0;  // in expiries_; 0: it is not there
  };

  /// The place of a program's holding, which may be empty; null if no program on its page has a grant.
  [[nodiscard]] static const Holding* find_slot(const Semester& semester, ProgramId program);
  [[nodiscard]] static const Holding* find_holding(const Semester& semester, ProgramId program);
  [[nodiscard]] static Holding& holding_of(Semester& semester, ProgramId program);
  static void put_holding(Semester& semester, ProgramId program, const Want& want, const Grant& grant, Seq waits_since);
  void keep(Semester& semester, const LedgerRow& row, const RowContext& context);
  static void keep_holds(Semester& semester, const LedgerRow& row);
  void keep_expiry(SemesterId id, Semester& semester, bool is_open);
  [[nodiscard]] WaitList all_waiting(const Semester& semester) const;
  [[nodiscard]] std::string why_not_open(const std::string& semester) const;
  [[nodiscard]] static ProgramState state_of(const Semester& semester, ProgramId program);
  [[nodiscard]] static bool is_spent(const Released& released, const std::string& request_id);
  [[nodiscard]] static const Released* find_released(const Semester& semester, ProgramId program);
  [[nodiscard]] bool is_retired_without_grant(const Semester& semester, ProgramId program) const;
  /// Lets the quotas and the wait list follow a decided grant.
  static void count(Semester& semester, const Place& place, const Grant& grant, const Want& want);
  [[nodiscard]] ProgramOutcome decide_program(Semester& semester, FacultyId faculty, ProgramId program,
                                              const Want& want, const std::optional<std::string>& request_id,
                                              std::vector<LedgerEntry>& entries);

  Catalog catalog_;
  std::unordered_map<SemesterId, Semester> semesters_;
  std::unordered_map<std::string, SemesterId> open_;  // by name, byte for byte
  std::set<SemesterId> unsettled_;
  std::set<std::pair<std::int64_t, SemesterId>> expiries_;
};

}  // namespace dti
