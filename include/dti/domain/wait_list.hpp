#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/amend.hpp"
#include "dti/domain/ledger.hpp"

namespace dti {

/// The place of a program in the wait list of a semester. The lowest seq is served first.
struct Place {
  Seq since = 0;  // of the grant by which the program asked for what it wants; no two places have the same
  ProgramId program = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};

/// The quantities of which nothing is left although the program that waits could use it. It is passed over.
struct PassedOver {
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
/// Source: docs/allocation.md, Wait list. Pure.
[[nodiscard]] std::optional<PassedOver> passed_over(const Pool& left, const Grant& held, const Want& want);

/// The places of the programs whose grants are not whole, by what they lack: a program that cannot use what is left is
/// never looked at, so that a release costs the same whether 10 or 50,000 such programs wait.
/// Thread: one.
class WaitList {
 public:
  /// The program waits if its grant is not whole. Otherwise does nothing.
  void add(const Place& place, const Grant& held, const Want& want);
  /// The inverse of add() with the same arguments.
  void remove(const Place& place, const Grant& held, const Want& want);

  // By what they can use: lacks classrooms; the same and has mobile labs, so that a lab gives it a classroom; lacks labs;
  // lacks both. A program with less in common would need a group of its own.
  static constexpr std::size_t kGroups = 4;
  /// For each group, the seq up to which its places are served: they have moved or left.
  using Served = std::array<Seq, kGroups>;

  /// The first place that can use something of what is left.
  /// @param except  not the place of this program
  /// @param served  only the places behind these
  [[nodiscard]] std::optional<Place> find_first(const Pool& left, ProgramId except = 0,
                                                const Served& served = {}) const;
  [[nodiscard]] std::size_t size() const;

 private:
  std::array<std::set<Place>, kGroups> groups_;
};

/// A larger grant for a program that waits.
struct TopUp {
  Place place;
  HeldGrant before;
  Grant grant;

  friend bool operator==(const TopUp&, const TopUp&) = default;
};

/// The next top-ups, in the order in which they are to be made: each is for the first place that can use something of what
/// the earlier ones left. When there are none, nothing that is left can be used by a program that waits.
/// @param held  gives the grant of a program that waits, and its want
/// @param count_max  at least 1
/// @return at most `count_max`; a program can have several. If there are fewer, nothing more can be used
/// Source: docs/allocation.md, Wait list. Pure.
[[nodiscard]] std::vector<TopUp> settle(const WaitList& waiting, Pool left,
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
[[nodiscard]] Settled settle_all(const WaitList& waiting, Pool left, const std::function<HeldGrant(ProgramId)>& held);

/// The grant for a want that replaces an earlier one, in a semester with a wait list: as amend(), but no other program that
/// waits loses a room by it.
/// @param left  the rooms left in the semester, without those of the grant
/// @param program  which holds the grant; the wait list may have its place
[[nodiscard]] Grant amend_in_order(const Pool& left, const Grant& held, const Want& want, const WaitList& waiting,
                                   ProgramId program);

}  // namespace dti
