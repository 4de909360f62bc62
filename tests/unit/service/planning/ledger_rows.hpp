#pragma once

#include "dti/service/ledger/stored_rows.hpp"
#include "unit/service/fixtures.hpp"

namespace dti::fixtures {

inline LedgerRow opened_row(const Capacity& capacity) { return row_of(opened(capacity)); }

inline LedgerRow granted_row(Seq seq, ProgramId program, const Want& want, const Grant& grant) {
  return row_of(granted(seq, program, want, grant));
}

inline LedgerRow released_row(Seq seq, ProgramId program) {
  LedgerRow row;
  row.seq = seq;
  row.kind = stored_code(EntryKind::kReleased);
  row.program_id = program;
  row.generation = 1;
  return row;
}

inline LedgerRow capacity_row(Seq seq, const Capacity& capacity) {
  auto row = row_of(opened(capacity));
  row.seq = seq;
  row.kind = stored_code(EntryKind::kCapacityChanged);
  return row;
}

inline LedgerRow closed_row(Seq seq) {
  LedgerRow row;
  row.seq = seq;
  row.kind = stored_code(EntryKind::kSemesterClosed);
  return row;
}

}  // namespace dti::fixtures
