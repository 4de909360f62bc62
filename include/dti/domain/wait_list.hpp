#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/amend.hpp"
#include "dti/domain/ledger.hpp"
#include "dti/domain/quotas.hpp"

namespace dti {

/// The place of a program in the wait list of a semester. The lowest seq is served first.
struct Place {
  Seq since = 0;  // of the grant by which the program asked for what it wants; no two places have the same
  ProgramId program = 0;
  FacultyId faculty = 0;  // of the program: its quota may forbid what the program could use

  friend auto operator<=>(const Place&, const Place&) = default;
};

/// The quantities of which nothing is left although the program that waits could use it. It is passed over.
struct PassedOver {
  // A hard limit of its faculty is reached, for a kind that it lacks. The rest is about the other kind.
  bool no_classroom_in_quota = false;
  bool no_lab_in_quota = false;
  bool no_classroom = false;  // for the classrooms that it lacks, or to become one of its labs
  bool no_lab = false;  // for the labs that it lacks, or in place of a mobile lab, which would be a classroom again
  bool no_conversion = false;  // for a classroom that is left and could become one of its labs

  friend bool operator==(const PassedOver&, const PassedOver&) = default;
};

/// Tells whether a want that replaces another one is a new ask, with a new place: it has more of some kind.
[[nodiscard]] constexpr bool asks_again(const Want& before, const Want& want) {
  return want.classrooms > before.classrooms || want.labs > before.labs;
}

/// The reason why a program that waits is passed over; none if it can use something of what is left.
/// @param room  what the quota of its faculty leaves
/// Source: docs/allocation.md, Wait list. Pure.
[[nodiscard]] std::optional<PassedOver> passed_over(const Pool& left, const Grant& held, const Want& want,
                                                    const QuotaRoom& room = {});

/// The places of the programs whose grants are not whole, by faculty and by what they lack: a program that cannot use what
/// is left, or whose quota forbids it, is never looked at, so that a release costs the same whether 10 or 50,000 such
/// programs wait.
/// Thread: one.
class WaitList {
 public:
  /// The program waits if its grant is not whole. Otherwise does nothing.
  void add(const Place& place, const Grant& held, const Want& want);
  /// The inverse of add() with the same arguments.
  void remove(const Place& place, const Grant& held, const Want& want);
  /// Tells what the quota of the faculty leaves from now on. Each faculty begins with room for everything.
  void set_room(FacultyId faculty, const QuotaRoom& room);

  /// The first place that can use something of what is left.
  [[nodiscard]] std::optional<Place> find_first(const Pool& left) const;
  /// The same without the place of one program, if the quota of its faculty left this room.
  [[nodiscard]] std::optional<Place> find_first_except(const Pool& left, ProgramId program, FacultyId faculty,
                                                       const QuotaRoom& room) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  // By what they can use: lacks classrooms; the same and has mobile labs, so that a lab gives it a classroom; lacks labs;
  // lacks both; the same and has mobile labs. A program with less in common would need a group of its own.
  static constexpr std::size_t kGroups = 5;
  using Places = std::set<Place>;

  struct Queues {
    std::array<Places, kGroups> groups;
    QuotaRoom room;
  };

  void put_head(const Queues& queues, std::size_t group);
  void drop_head(const Queues& queues, std::size_t group);

  std::unordered_map<FacultyId, Queues> faculties_;
  // The first place of each queue, by the group of what its quota lets it use; none of a queue that may use nothing.
  std::array<Places, kGroups> heads_;
  std::size_t size_ = 0;
};

/// Tells a wait list what each quota of its semester leaves.
void set_rooms(WaitList& waiting, const Quotas& quotas);

/// A larger grant for a program that waits.
struct TopUp {
  Place place;
  HeldGrant before;
  Grant grant;

  friend bool operator==(const TopUp&, const TopUp&) = default;
};

/// The next top-ups, in the order in which they are to be made: each is for the first place that can use something of what
/// the earlier ones left. When there are none, nothing that is left can be used by a program that waits.
/// @param waiting  it changes meanwhile, and is as before at the end
/// @param quotas   of the semester; `waiting` knows their room
/// @param held  gives the grant of a program that waits, and its want, before the first top-up
/// @param count_max  at least 1
/// @return at most `count_max`; a program can have several. If there are fewer, nothing more can be used
/// Source: docs/allocation.md, Wait list.
[[nodiscard]] std::vector<TopUp> settle(WaitList& waiting, Quotas quotas, Pool left,
                                        const std::function<HeldGrant(ProgramId)>& held, std::size_t count_max);

/// What the programs that wait have when the semester is settled.
struct Settled {
  std::map<ProgramId, Grant> grants;  // of the programs that are topped up, the last ones
  Pool left;
};

/// How many programs wait in a semester.
struct WaitListSize {
  std::int64_t programs = 0;
  std::int64_t top_ups = 0;  // how many of them get more rooms at once

  friend bool operator==(const WaitListSize&, const WaitListSize&) = default;
};

/// Tops up until nothing that is left can be used by a program that waits: all that settle() gives.
/// @param held  gives the grant of a program that waits, and its want, before the first top-up
/// Pure.
[[nodiscard]] Settled settle_all(WaitList waiting, const Quotas& quotas, Pool left,
                                 const std::function<HeldGrant(ProgramId)>& held);

/// The program whose grant is amended, in a semester with a wait list or with quotas.
struct Amending {
  ProgramId program = 0;
  FacultyId faculty = 0;
  Allowance allowance = {};           // of the program
  const WaitList* waiting = nullptr;  // which may have its place; null: the semester has none
};

/// How an amended grant comes about: the part that the program keeps, and what is added to it by top_up().
struct AmendBasis {
  Want want;                   // the part of the new want that the quota admits
  Grant keeps;                 // of the earlier grant
  Pool pool;                   // the rooms of which the program may get more
  bool is_for_others = false;  // the rooms that it returns are not among them: another program that waits may have one
};

/// @param left  the rooms left in the semester, without those of the grant
/// Source: docs/allocation.md, Quotas and Wait list. Pure.
[[nodiscard]] AmendBasis amend_basis(const Pool& left, const Grant& held, const Want& want, const Amending& amending);

/// The grant for a want that replaces an earlier one: as amend(), but within the quota, and no other program that waits
/// loses a room by it.
/// @param left  the rooms left in the semester, without those of the grant
[[nodiscard]] Grant amend_in_order(const Pool& left, const Grant& held, const Want& want, const Amending& amending);

}  // namespace dti
