#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dti/domain/allocate.hpp"
#include "dti/domain/catalog.hpp"
#include "dti/domain/hold.hpp"
#include "dti/domain/messages.hpp"
#include "dti/domain/pool.hpp"
#include "dti/domain/quotas.hpp"
#include "dti/domain/round_plan.hpp"
#include "dti/domain/wait_list.hpp"

namespace dti {

inline constexpr std::size_t kActorBytesMax = 200;
inline constexpr std::size_t kNoteBytesMax = 500;

/// The program, as the sender spells it, gives its rooms back.
struct ReleaseGrant {
  ProgramName of;

  friend bool operator==(const ReleaseGrant&, const ReleaseGrant&) = default;
};

/// The program wants other numbers. Less than it holds always works. More adds to what it holds; if it is not the whole
/// want, the grant stands as it is, unless a part is accepted.
struct AmendGrant {
  ProgramName of;
  Want want;
  bool accepts_part = false;

  friend bool operator==(const AmendGrant&, const AmendGrant&) = default;
};

/// The semester has other rooms from now on. No capacity becomes smaller than what is granted of it.
struct ResizeSemester {
  Capacity capacity;

  friend bool operator==(const ResizeSemester&, const ResizeSemester&) = default;
};

/// What happens to the holds of a semester that is closed. Those that are due expire in any case.
enum class OpenHoldsAtClose : std::uint8_t { kRefuse, kConfirm, kCancel };

/// The semester takes no more requests and no more commands, except ReopenSemester.
struct CloseSemester {
  OpenHoldsAtClose holds = OpenHoldsAtClose::kRefuse;

  friend bool operator==(const CloseSemester&, const CloseSemester&) = default;
};

struct ReopenSemester {
  friend bool operator==(const ReopenSemester&, const ReopenSemester&) = default;
};

/// From now on, programs whose grants are not whole wait for more, or no longer do.
struct SetWaitList {
  bool is_on = false;

  friend bool operator==(const SetWaitList&, const SetWaitList&) = default;
};

/// The program gives up its place in the wait list, and keeps its grant.
struct LeaveWaitList {
  ProgramName of;

  friend bool operator==(const LeaveWaitList&, const LeaveWaitList&) = default;
};

/// The hold of the program is firm from now on; or a part of it, and the rest is given back.
struct ConfirmHold {
  ProgramName of;
  std::optional<Want> part = {};  // no more of any kind than the hold wants; none: all of it

  friend bool operator==(const ConfirmHold&, const ConfirmHold&) = default;
};

/// The hold of the program lasts that long from now. It never becomes shorter.
struct ExtendHold {
  ProgramName of;
  std::int64_t seconds = 0;  // 1 to kHoldMax

  friend bool operator==(const ExtendHold&, const ExtendHold&) = default;
};

/// The program gives its hold up.
struct CancelHold {
  ProgramName of;

  friend bool operator==(const CancelHold&, const CancelHold&) = default;
};

/// The faculty has this quota in the semester from now on, and no other limit. No hard limit is less than what it holds.
struct SetQuota {
  std::string faculty;  // as the sender spells it
  Quota quota;

  friend bool operator==(const SetQuota&, const SetQuota&) = default;
};

/// The quota of a faculty, and what its programs hold.
struct QuotaFacts {
  Quota quota;
  CountedRooms held;

  friend bool operator==(const QuotaFacts&, const QuotaFacts&) = default;
};

/// A round is held later: from now on, what it decides cannot be changed any more.
struct OpenRound {
  std::string commitment;  // to its secret and its plan, as 64 hexadecimal digits

  friend bool operator==(const OpenRound&, const OpenRound&) = default;
};

/// The programs of a plan get rooms together. Those that hold a grant are left out.
/// Source: docs/adr/0033-rounds.md
struct RunRound {
  RoundPlan plan;      // its semester is that of the command
  std::string secret;  // 64 hexadecimal digits

  friend bool operator==(const RunRound&, const RunRound&) = default;
};

/// What a round has decided, for the outcome of a RunRound.
struct RoundFacts {
  std::int64_t programs = 0;  // that took part
  std::int64_t left_out = 0;  // that held a grant

  friend bool operator==(const RoundFacts&, const RoundFacts&) = default;
};

inline constexpr std::size_t kCatalogRowsMax = 10'000;  // of one command: their transaction takes less than a second
inline constexpr std::size_t kEarlierMax = 100;         // commands of one plan before its last one

/// A program that gets another name, or is retired: it keeps its grants and gets no new ones.
/// Source: docs/adr/0034-renamed-and-retired-programs.md
struct ChangeProgram {
  ProgramName of;                       // as the sender spells it
  std::optional<std::string> new_name;  // none: the program is retired

  friend bool operator==(const ChangeProgram&, const ChangeProgram&) = default;
};

/// Programs that are added to the catalogue, and the faculties that it does not have yet; or one program that is changed.
/// Source: docs/adr/0030-plans-of-the-catalogue.md
struct ChangeCatalog {
  std::string store;             // the id of the store, as hexadecimal digits; only a dry run may leave it out
  std::vector<CatalogRow> rows;  // 1 to kCatalogRowsMax; those that are there already change nothing
  std::optional<ChangeProgram> program = {};  // then `rows` and `earlier` are empty
  /// The ids of earlier commands of the same plan, at most kEarlierMax: what they have written is what the sender expects.
  std::vector<std::string> earlier = {};

  friend bool operator==(const ChangeCatalog&, const ChangeCatalog&) = default;
};

/// A program, for the outcome of a ChangeProgram.
struct ProgramFacts {
  ProgramName name;  // as the catalogue spells it
  bool is_retired = false;

  friend bool operator==(const ProgramFacts&, const ProgramFacts&) = default;
};

/// The size of the catalogue, for the outcome of a ChangeCatalog.
struct CatalogFacts {
  std::string store;  // the id of the store, as hexadecimal digits
  std::int64_t faculties = 0;
  std::int64_t programs = 0;
  std::int64_t faculties_added = 0;  // by this command
  std::int64_t programs_added = 0;
  std::optional<ProgramFacts> program = {};  // of a ChangeProgram

  friend bool operator==(const CatalogFacts&, const CatalogFacts&) = default;
};

/// A change of one semester, or of the catalogue, that the office requests from the leader.
/// Source: docs/protocol.md, Commands of the office; docs/adr/0027-the-office.md
struct OfficeCommand {
  /// In the order of the codes below.
  using Change = std::variant<ReleaseGrant, AmendGrant, ResizeSemester, CloseSemester, ReopenSemester, SetWaitList,
                              LeaveWaitList, ConfirmHold, ExtendHold, CancelHold, SetQuota, OpenRound, RunRound>;

  std::string id;  // `command-id`: chosen by the sender; a repeat has the same
  /// The seq of the last entry about what it changes, as the sender knows it; 0: there is none. Only a dry run may leave
  /// it out.
  std::optional<std::int64_t> expects;
  std::string actor;        // who
  std::string note;         // why; may be empty
  bool is_dry_run = false;  // decide it, and change nothing
  std::string semester;
  Change change;
  /// The command changes the catalogue. Then `semester` and `change` mean nothing, and `expects` is about the registry.
  std::optional<ChangeCatalog> catalog = {};

  friend bool operator==(const OfficeCommand&, const OfficeCommand&) = default;
};

/// The program that the command changes, as its sender spells it; null if it changes the semester or the catalogue.
[[nodiscard]] inline const ProgramName* program_of(const OfficeCommand& command) {
  if (command.catalog) return nullptr;
  if (const auto* release = std::get_if<ReleaseGrant>(&command.change)) return &release->of;
  if (const auto* amended = std::get_if<AmendGrant>(&command.change)) return &amended->of;
  if (const auto* leave = std::get_if<LeaveWaitList>(&command.change)) return &leave->of;
  if (const auto* confirmed = std::get_if<ConfirmHold>(&command.change)) return &confirmed->of;
  if (const auto* extended = std::get_if<ExtendHold>(&command.change)) return &extended->of;
  if (const auto* cancelled = std::get_if<CancelHold>(&command.change)) return &cancelled->of;
  return nullptr;
}

/// The outcome of a command, and what is true after it.
struct OfficeOutcome {
  std::optional<RequestError> error;  // kConflict, kRefused, or an error of requests; nothing was changed
  bool is_repeat = false;             // an earlier copy of the command has made the change
  // Facts, if the semester is known: also with kConflict and kRefused, and of a dry run as if it had been made.
  std::int64_t seq = 0;            // of the last entry about what the command changes; 0: there is none
  std::optional<HeldGrant> grant;  // of the program; none: it holds nothing, or the command is not about a program
  Capacity capacity;
  Pool left;
  bool is_open = false;
  bool has_wait_list = false;
  std::int64_t waits_since = 0;  // of the program: its place; 0: it does not wait, or the command is about no program
  std::optional<WaitListSize> waiting = {};  // only of SetWaitList
  std::int64_t expires_at = 0;  // of the program's grant, if it is a hold: microseconds since 1970, UTC; 0: it is firm
  std::optional<std::int64_t> holds = {};    // only of CloseSemester: how many are open before it
  std::optional<QuotaFacts> quota = {};      // only of SetQuota
  std::optional<RoundFacts> round = {};      // only of RunRound
  std::optional<CatalogFacts> catalog = {};  // of a ChangeCatalog; the facts above, but `seq`, then mean nothing

  friend bool operator==(const OfficeOutcome&, const OfficeOutcome&) = default;
};

}  // namespace dti
