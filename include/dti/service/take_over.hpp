#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/service/repository.hpp"

namespace dti {

/// The semester that a server is started with.
struct SemesterToOpen {
  std::string name;
  std::optional<Quantity> classrooms;   // needed if the store does not have the semester
  std::optional<Quantity> labs;         // needed if the store does not have the semester
  std::optional<Quantity> conversions;  // all classrooms if not given; cut to the classrooms
};

/// What a start asks of the store beyond taking over.
struct StartOptions {
  std::optional<SemesterToOpen> semester;
  std::vector<CatalogRow> catalog;          // to be added; empty: nothing to add
  std::vector<CatalogRow> default_catalog;  // to be added to a store that has no programs
};

/// What the asker knows already, so that only the rest is read.
struct TakeOverRequest {
  std::unordered_map<SemesterId, Seq> heads;  // replayed so far
  std::size_t program_count = 0;              // of the catalogue, known so far
  std::optional<StartOptions> start;          // the first take-over of a process
};

/// A piece of a semester's ledger, read while taking over.
struct LedgerPiece {
  SemesterId semester_id = 0;
  bool from_start = false;  // what was known of the semester is to be forgotten first: the store has less than that
  std::vector<LedgerEntry> entries;
};

/// The catalogue's additions come before the entries that name them.
using TakeOverPiece = std::variant<std::vector<CatalogProgram>, LedgerPiece>;

/// Takes over a store: the whole procedure, by blocking calls.
/// @param piece  is given what was read, in an order in which it can be applied at once
/// @return the leadership, when everything up to the heads of its open semesters was given to `piece`; none if another
///         server has taken the lead since this one had it
/// @throws StorageError  kRefused, with a sentence for people, if the store does not fit `request.start`; what can be
///                       known before the lead is taken is refused before
/// Thread: the committer. Source: docs/adr/0004-take-over.md
[[nodiscard]] std::optional<Leadership> take_over(Repository& repository, const TakeOverRequest& request, WallTime at,
                                                  const std::function<void(TakeOverPiece)>& piece);

}  // namespace dti
