#pragma once

#include <variant>

#include "dti/service/allocation/office.hpp"

namespace dti {

/// Decides a round.
/// @param subject  with the store and the states of the programs
/// @param opened   the entry that opened the last round, if one is open
/// @param facts    that are true now
/// @throws StorageError  kInvariant: the entry has no seal
/// Source: docs/adr/0033-rounds.md
[[nodiscard]] std::variant<OfficePlan, OfficeOutcome> decide(const OfficeCommand& command, const RunRound& round,
                                                             const OfficeSubject& subject, const StoredEntry& opened,
                                                             const OfficeOutcome& facts);

/// What an earlier copy of the command has decided. @param written  the entry of the round
[[nodiscard]] RoundFacts facts_of(const RunRound& round, const StoredEntry& written);

}  // namespace dti
