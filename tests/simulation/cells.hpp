#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dti/domain/office_command.hpp"

namespace dti::simulation {

/// A call of the store.
enum class Operation {
  kSurvey,
  kTakeOver,      // of a server that starts
  kTakeOverAnew,  // of one that runs
  kReadCatalog,
  kReadLedger,
  kAddPrograms,
  kOpenSemester,
  kLookUp,  // what a command of the office changes
  kChange,
  kTopUp,   // a change that gives rooms to the programs that wait
  kExpire,  // a change by which holds expire
  kCommit,
  kGuard,
  kRenew,
  kRelease,
  kWatch,
};
inline constexpr std::array kOperationNames = {
    "survey", "take-over", "take-over-anew", "read-catalog", "read-ledger", "add-programs", "open-semester", "look-up",
    "change", "top-up",    "expire",         "commit",       "guard",       "renew",        "release",       "watch"};

/// How far a call has come.
enum class Step {
  kUnsent,     // begun, nothing has left
  kSent,       // on its way to the store
  kReached,    // the store works on it
  kApplied,    // done, and durable; the answer has not left
  kAnswering,  // the answer is on its way
};
inline constexpr std::array kStepNames = {"unsent", "sent", "reached", "applied", "answering"};

/// What happens to a server, or to what it is connected with, during a call.
enum class Fault {
  kCrash,    // the process is killed
  kFreeze,   // the process is stopped, and continues later
  kCut,      // its connection to the store breaks, and the process notices
  kSilence,  // no message passes between it and the store for a while, and neither notices
  kStall,    // the store does nothing for a while
  kStop,     // the process is asked to stop
  kRival,    // another server starts
};
inline constexpr std::array kFaultNames = {"crash", "freeze", "cut", "silence", "stall", "stop", "rival"};

/// What became of one program of a request, or of a request.
enum class RequestKind {
  kGranted,
  kGrantedInPart,
  kGrantedNothing,
  kConverted,
  kRepeated,
  kRespelled,
  kOtherNumbers,
  kUnknownProgram,
  kUnknownFaculty,
  kUnknownSemester,
  kMalformed,
  kNoPrograms,
  kTwiceInOneMessage,
};
inline constexpr std::array kRequestKindNames = {
    "granted",   "granted-in-part", "granted-nothing",     "converted",       "repeated",
    "respelled", "other-numbers",   "unknown-program",     "unknown-faculty", "unknown-semester",
    "malformed", "no-programs",     "twice-in-one-message"};

/// What a command of the office in a simulation changes, in the order of OfficeCommand::Change; then, the catalogue.
inline constexpr std::array kOfficeKindNames = {"release",   "amend",      "resize",    "close",  "reopen",
                                                "set-list",  "leave",      "confirm",   "extend", "cancel",
                                                "set-quota", "open-round", "run-round", "retire"};
/// The place in kOfficeKindNames.
[[nodiscard]] inline std::size_t office_kind(const OfficeCommand& command) {
  return command.catalog ? kOfficeKindNames.size() - 1 : command.change.index();
}
/// What became of it.
inline constexpr std::array kOfficeOutcomeNames = {"dry-run", "done", "repeated", "refused", "conflict"};
/// What had become of a hold before a command about it, which then gets an answer of its own.
inline constexpr std::array kHoldCommandNames = {"confirm", "extend", "cancel"};
inline constexpr std::array kHoldEndNames = {"confirmed-before", "cancelled-before", "expired-before"};

/// What the server did when the request arrived.
enum class ServerState { kIdle, kCommitting, kGuarding, kTakingOver, kSettling };
inline constexpr std::array kServerStateNames = {"idle", "committing", "guarding", "taking-over", "settling"};

/// The situations that a campaign must have been in: each is named, and counted when it is reached.
class Cells {
 public:
  Cells();

  void reach(Operation operation, Step step, Fault fault);
  void reach(RequestKind kind, ServerState state);
  /// @param office_kind  the place in kOfficeKindNames
  void reach(std::size_t office_kind, ServerState state);
  /// @param name  one of the list in cells.cpp
  void reach(std::string_view name);

  void add(const Cells& others);
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& counts() const { return counts_; }
  [[nodiscard]] std::vector<std::string> unreached() const;

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;  // by name; all names are there
};

}  // namespace dti::simulation
