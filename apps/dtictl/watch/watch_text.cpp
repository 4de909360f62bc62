#include "dtictl/watch/watch_text.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "dti/base/time_text.hpp"
#include "dti/cli/escape.hpp"
#include "dtictl/counted.hpp"

namespace dti {
namespace {

std::string stored_time_text(std::int64_t at) { return time_text(WallTime{std::chrono::microseconds{at}}); }

/// The text up to that many characters. A wide character counts as one: most terminals cut the rest of a line that is too long.
std::string cut(const std::string& text, std::size_t characters) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins && count++ == characters) return text.substr(0, i);
  }
  return text;
}

std::string of(Quantity left, Quantity capacity, const char* what) {
  return std::to_string(left) + " of " + std::to_string(capacity) + ' ' + what;
}

}  // namespace

std::string server_text(const StoredLead& lead) {
  if (!lead.is_held) return "it is not known whether a server leads";
  if (!*lead.is_held) return "no server leads";
  return "a server leads" + (lead.endpoint.empty() ? "" : " at " + lead.endpoint) + ", epoch " +
         std::to_string(lead.epoch);
}

std::string totals_text(const SemesterView& view) {
  const auto holdings = view.holdings();
  const auto not_whole = std::count_if(holdings.begin(), holdings.end(),
                                       [](const Holding& holding) { return lacking(holding) != Want{}; });
  const auto& [left, capacity] = std::pair{view.left(), view.capacity()};
  return "left: " + of(left.classrooms, capacity.classrooms, "classrooms") + ", " +
         of(left.labs, capacity.labs, "labs") + ", " + of(left.mobile_labs(), capacity.conversions, "mobile labs") +
         "; " + counted(holdings.size(), "grant", "grants") + ", " + std::to_string(not_whole) + " not whole; " +
         (view.has_wait_list() ? counted(view.waiting().size(), "program waits", "programs wait")
                               : std::string{"no wait list"}) +
         (view.open_holds() > 0 ? "; " + counted(view.open_holds(), "open hold", "open holds") : "") +
         (view.has_open_round() ? "; a round is open" : "");
}

std::string state_text(const std::string& semester, const SemesterView& view) {
  return semester + " is " + (view.is_open() ? "open" : "closed") + ", entry " + std::to_string(view.head());
}

std::string line_text(const WatchedEntry& entry) {
  return stored_time_text(entry.at) + " entry " + std::to_string(entry.seq) + ": " + printable(entry.text);
}

std::string watch_screen(const WatchedState& state, const std::string& now, std::size_t columns, std::size_t rows) {
  const auto& view = state.view;
  std::vector<std::string> lines{state_text(state.semester, view) + "    " + now, state.server};
  const auto totals = totals_text(view) + (state.quotas.empty() ? "" : "; " + state.quotas);
  for (std::size_t begin = 0; begin < totals.size();) {
    const auto end = std::min(totals.find("; ", begin), totals.size());
    lines.push_back(totals.substr(begin, end - begin));
    begin = end + 2;
  }
  lines.emplace_back();
  constexpr std::size_t kLinesBelow = 1;
  const auto free = rows > lines.size() + kLinesBelow ? rows - lines.size() - kLinesBelow : 0;
  const auto shown = std::min(free, state.entries.size());
  for (auto entry = state.entries.end() - static_cast<std::ptrdiff_t>(shown); entry != state.entries.end(); ++entry) {
    lines.push_back(std::to_string(entry->seq) + "  " + stored_time_text(entry->at) + "  " + entry->text);
  }
  lines.emplace_back("Ctrl-C ends");
  std::string screen;
  for (std::size_t i = 0; i < std::min(rows, lines.size()); ++i) {
    screen += (i == 0 ? "" : "\n") + cut(printable(lines[i]), columns);
  }
  return screen;
}

}  // namespace dti
