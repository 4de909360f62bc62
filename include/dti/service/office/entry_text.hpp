#pragma once

#include <string>

#include "dti/service/ledger/stored_rows.hpp"
#include "dti/service/office/store_names.hpp"

namespace dti {

/// An entry as a clause for people: `Derecho Civil of Derecho asked for 7 classrooms and 2 labs, and got all: …`. It
/// accepts every row, also one that no server writes.
/// @param program  of the entry, or only its faculty if it is about a quota; null: the entry is about none, or the
///   catalogue does not have it
[[nodiscard]] std::string entry_text(const LedgerRow& row, const ProgramName* program);

}  // namespace dti
