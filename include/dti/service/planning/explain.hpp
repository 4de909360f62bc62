#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dti/domain/status.hpp"
#include "dti/service/ledger/round_replay.hpp"
#include "dti/service/office/semester_view.hpp"

namespace dti {

/// What a grant can lack. A conversion is the permission to turn a classroom into a mobile lab.
enum class RoomKind : std::uint8_t { kClassrooms, kLabs, kConversions };

/// A grant that uses rooms of a kind. A mobile lab uses a classroom and a conversion.
struct Holder {
  ProgramId program = 0;
  Seq seq = 0;
  Quantity rooms = 0;

  friend bool operator==(const Holder&, const Holder&) = default;
};

/// The grants before an entry that use rooms of a kind.
struct Holders {
  static constexpr std::size_t kListedMax = 5;

  RoomKind kind = RoomKind::kClassrooms;
  std::size_t programs = 0;
  Quantity rooms = 0;
  std::vector<Holder> largest;  // at most kListedMax, the largest first; of equal ones, the last first
  std::vector<Holder> last;     // at most kListedMax, the last first
};

/// Rooms that would have to come back.
struct ComeBack {
  Quantity classrooms = 0;
  Quantity labs = 0;
  Quantity conversions = 0;

  friend bool operator==(const ComeBack&, const ComeBack&) = default;
};

/// The least rooms that must come back to a pool for a want to be granted as a whole: with as few labs as possible, and
/// with as few conversions as possible. One way if both are equal; none if nothing lacks.
/// Pure.
[[nodiscard]] std::vector<ComeBack> ways_to_whole(const Pool& pool, const Want& want);

/// The grant that an amendment or a top-up replaced, and its part that the program kept. Everything else was returned
/// first.
struct Amendment {
  Grant held;
  Want kept;
  bool is_top_up = false;
  bool is_for_others = false;  // the rooms that it returned are for programs that wait

  friend bool operator==(const Amendment&, const Amendment&) = default;
};

/// The round that granted.
struct RoundShare {
  Seq seq = 0;  // its entry
  Policy policy = kDefaultPolicy;
  std::size_t programs = 0;  // that took part
  LimitedBy limited_by = LimitedBy::kNothing;
};

/// Why a grant has the rooms that it has.
struct GrantExplanation {
  Seq seq = 0;
  std::int64_t at = 0;  // microseconds since 1970, UTC
  std::optional<std::string> request_id;
  std::int64_t generation = 1;
  Want want;
  Grant grant;
  Status status = Status::kOk;
  std::optional<Amendment> amendment;  // if the grant is amended or topped up
  /// If a round granted it. Then `before` and `after` are those of the whole round, and `given`, `holders` and
  /// `come_back` are empty.
  std::optional<RoundShare> round = {};
  Capacity capacity;                 // of the semester, before the grant
  Quota quota = {};                  // of the faculty, before the grant
  CountedRooms held_by_others = {};  // by the other programs of the faculty, at that time
  Want admitted = {};                // the part of the want that the hard limits admit
  Pool before;                       // without the rooms that an amendment kept
  Pool after;
  Want asked;                    // of `before`: what is admitted, without the rooms that an amendment kept
  Grant given;                   // what the allocation rule gives of `before`
  Grant by_rule;                 // the same, with what was kept; differs from `grant` only in a damaged store
  std::vector<Holders> holders;  // of the kinds that lack, in the order of RoomKind
  std::vector<ComeBack> come_back;
  std::optional<Seq> released_at;  // the entry that ended it
};

/// A program in the wait list.
struct WaitingNow {
  Seq since = 0;             // its place
  std::size_t position = 0;  // among the places, from 1
  std::size_t places = 0;
  std::vector<ComeBack> come_back;  // for all that it lacks, if no earlier place could use it
};

/// The place of a program that holds a grant; none: it does not wait. Pure.
[[nodiscard]] std::optional<WaitingNow> waiting_now(const SemesterView& semester, ProgramId program);

/// Explains the last grant of a program while it reads the ledger of a semester. Pure.
class Explainer {
 public:
  /// @param faculty_of  as of SemesterView
  explicit Explainer(ProgramId program, SemesterView::FacultyOf faculty_of = {})
      : program_(program), view_(std::move(faculty_of)) {}

  /// Adds the next entry. @throws StorageError  as SemesterView::add()
  void add(const StoredEntry& entry);

  /// None: the program never held a grant.
  [[nodiscard]] const std::optional<GrantExplanation>& found() const { return found_; }
  /// How many grants the program had before the one that is explained.
  [[nodiscard]] std::size_t earlier_grants() const { return earlier_grants_; }
  /// The entries after the grant that changed the capacity.
  [[nodiscard]] const std::vector<Seq>& capacity_changes() const { return capacity_changes_; }
  /// The entry that closed the semester, if it is closed.
  [[nodiscard]] std::optional<Seq> closed_at() const { return view_.is_open() ? std::nullopt : closed_at_; }
  [[nodiscard]] const SemesterView& view() const { return view_; }

 private:
  // Fixed after construction.
  const ProgramId program_;

  /// The semester before the last entry, if that has released the grant of the program to replace it.
  struct Replaced {
    Grant held;
    Cause cause = Cause::kAmended;
    Pool left;
    std::optional<WaitList> waiting;
  };

  /// A round of which not all grants are there yet.
  struct Round {
    RoundTerms terms;
    Seq seq = 0;
    RoundPool pool;
    std::vector<Ask> asks;
    std::optional<std::size_t> own;  // the position of the program
  };

  void collect(const StoredEntry& entry);
  void finish_round();
  [[nodiscard]] std::optional<Replaced> replaced_by(const StoredEntry& entry) const;
  [[nodiscard]] GrantExplanation explain(const Holding& held) const;

  SemesterView view_;
  std::optional<Replaced> replaced_;
  std::optional<Round> round_;
  std::optional<GrantExplanation> found_;
  std::size_t earlier_grants_ = 0;
  std::vector<Seq> capacity_changes_;
  std::optional<Seq> closed_at_;
};

}  // namespace dti
