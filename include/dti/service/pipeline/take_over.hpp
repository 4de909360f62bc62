#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The semester that a server is started with.
struct SemesterToOpen {
  std::string name;
  std::optional<Quantity> classrooms;   // needed if the store does not have the semester
  std::optional<Quantity> labs;         // needed if the store does not have the semester
  std::optional<Quantity> conversions;  // all classrooms if not given; cut to the classrooms
};

/// The names of the settings in errors about a start. A program gives its flags.
struct StartSettingNames {
  std::string semester = "semester";
  std::string classrooms = "classrooms";
  std::string labs = "labs";
  std::string conversions = "mobile labs";
};

/// The requirements of a start, beyond the take-over.
struct StartOptions {
  std::optional<SemesterToOpen> semester;
  std::vector<CatalogRow> catalog;          // the rows to add; may be empty
  std::vector<CatalogRow> default_catalog;  // the rows to add to a store without programs
  StartSettingNames names = {};
};

/// The entries that the caller already has, so that only the rest is read.
struct KnownState {
  std::unordered_map<SemesterId, Seq> heads;  // replayed so far
  std::size_t program_count = 0;              // of the catalogue, known so far
  Seq last_change = 0;                        // of a program: the last one that is known so far
};

struct TakeOverRequest {
  KnownState known;
  std::optional<StartOptions> start;  // until this process has led
  bool start_fits = false;            // an earlier try has found that `start` fits the store: it is not checked again
  Lease lease;
};

/// A piece of a semester's ledger, read while taking over.
struct LedgerPiece {
  SemesterId semester_id = 0;
  bool from_start = false;  // forget the known entries of the semester first: the store has fewer than that
  std::vector<LedgerRow> rows;
  std::string semester_name = {};  // for messages
};

/// The heads up to which a watch reads. They come before the data.
struct HeadsSeen {
  std::vector<SemesterHead> heads;
};

/// The history to which the pieces that follow belong. It comes before everything else.
struct HistorySeen {
  History history;
};

/// The catalogue's additions come before the entries that name them, and before the changes of programs.
using TakeOverPiece = std::variant<std::vector<CatalogProgram>, LedgerPiece, HeadsSeen, HistorySeen, ProgramChanges>;

/// The time from one renewal of a lease to the next.
[[nodiscard]] constexpr std::chrono::milliseconds renewal_interval(std::chrono::milliseconds lease) {
  return lease / 3;  // the lease survives two late renewals
}

/// Takes over a store: the whole procedure, by blocking calls. Renews the lease while it reads.
/// @param clock  paces the renewals
/// @param piece  receives the data that was read, in an order in which it can be applied at once
/// @return the leadership, when everything up to the heads of its open semesters was given to `piece`; HeldBy if another
///         server holds the lead, or took it meanwhile
/// @throws StorageError  kRefused, with a sentence for people, if the store does not fit `request.start`; what can be
///                       known before the lead is taken is refused before
/// Thread: the store worker. Source: docs/adr/0004-take-over.md
[[nodiscard]] std::variant<Leadership, HeldBy> take_over(Repository& repository, const TakeOverRequest& request,
                                                         WallTime at, const std::function<SteadyTime()>& clock,
                                                         const std::function<void(TakeOverPiece)>& piece);

/// Reads which server leads. While another one leads, reads the entries that are new, so that a later take-over has
/// little to read. Changes nothing. @param piece  as for take_over()
/// Thread: the store worker.
[[nodiscard]] StoreWatch follow(LedgerFollower& reader, const KnownState& known,
                                const std::function<void(TakeOverPiece)>& piece);

}  // namespace dti
