#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "dti/service/ledger/ledger_snapshot.hpp"
#include "dti/service/office/semester_view.hpp"

namespace dti {

/// An entry as `dtictl watch` shows it.
struct WatchedEntry {
  Seq seq = 0;
  std::int64_t at = 0;  // microseconds since 1970, UTC
  std::string text;     // a clause, as entry_text()
};

/// What `dtictl watch` shows at one moment.
struct WatchedState {
  std::string semester;
  std::string server;  // as server_text()
  const SemesterView& view;
  std::deque<WatchedEntry> entries;  // the last ones, the newest last
  std::string quotas = {};           // as quota_uses_text()
};

/// The state of the server of a store: `leads at a.example.org:6000 in epoch 4`.
[[nodiscard]] std::string server_text(const StoredLead& lead);

/// The rooms that are left, and who waits for them: `left: 370 of 380 classrooms, …; 12 grants, 3 of them not whole; …`.
[[nodiscard]] std::string totals_text(const SemesterView& view);

/// The state as a clause: `2025-10 is open, entry 15`.
[[nodiscard]] std::string state_text(const std::string& semester, const SemesterView& view);

/// An entry as a line for an output that is no terminal: `2025-10-09T08:53:20.123456Z entry 15: …`.
[[nodiscard]] std::string line_text(const WatchedEntry& entry);

/// A whole screen, without a line end at its end. No line is longer than the screen is wide, and no entry is shown that does not fit;
/// the totals are always shown. It has no characters that control a terminal.
/// @param columns, rows  of the screen, at least 1
[[nodiscard]] std::string watch_screen(const WatchedState& state, const std::string& now, std::size_t columns,
                                       std::size_t rows);

}  // namespace dti
